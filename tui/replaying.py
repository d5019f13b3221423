"""The app's actions that steer a replay; of other data they leave everything as it is."""

from __future__ import annotations

from tui.recording.player import PlayerState
from tui.screens.dashboard import Dashboard
from tui.session import Session
from tui.sources import Source

_SEEK_S = 10.0


class ReplayActions:
    """Part of the app: pause, speed and seeking."""

    dashboard: Dashboard
    session: Session
    _source: Source

    def action_replay_pause(self) -> None:
        if self._source.replay is None:
            return
        player = self._source.replay.player
        if player.state is PlayerState.ENDED:  # there is nothing left to play: once more
            player.play()
            self._seek(-player.duration_s)
        else:
            player.toggle()

    def action_replay_slower(self) -> None:
        if self._source.replay is not None:
            self._source.replay.player.slower()

    def action_replay_faster(self) -> None:
        if self._source.replay is not None:
            self._source.replay.player.faster()

    def action_replay_back(self) -> None:
        self._seek(-_SEEK_S)

    def action_replay_forward(self) -> None:
        self._seek(_SEEK_S)

    def _seek(self, seconds: float) -> None:
        replay = self._source.replay
        if replay is not None:
            replay.player.seek(replay.player.position_s + seconds)
            self.session.restart("moved to another moment of the recording")
            self.dashboard.fetch_history()
