"""What painting costs: frames, bytes to the terminal, and the time that frames took."""

from __future__ import annotations

from collections import deque

_KEPT_TIMES = 1000


class TerminalMeter:
    """Counts since the start of the program, and the times of the latest frames.

    Attributes:
        frames_sent: frames that had something to write.
        frames_empty: frames in which nothing visible had changed; they wrote nothing.
        frames_held: frames put off because the terminal had not taken the one before.
        frames_skipped: beats of the frame clock at which nothing was painted, since the link or the
            processor takes fewer.
        full_frames: those of the sent ones that painted every cell.
        bytes_sent: bytes of all frames sent.
        frame_times_s: seconds that composing and encoding took, of the latest thousand frames.
    """

    def __init__(self) -> None:
        self.frames_sent = 0
        self.frames_empty = 0
        self.frames_held = 0
        self.frames_skipped = 0
        self.full_frames = 0
        self.bytes_sent = 0
        self.frame_times_s: deque[float] = deque(maxlen=_KEPT_TIMES)

    def count_frame(self, *, size_bytes: int, took_s: float, full: bool) -> None:
        """Record a frame that was composed; one of no bytes counts as empty."""
        if size_bytes:
            self.frames_sent += 1
            self.full_frames += full
            self.bytes_sent += size_bytes
        else:
            self.frames_empty += 1
        self.frame_times_s.append(took_s)

    def quantile_s(self, fraction: float) -> float | None:
        """Return the frame time in seconds that this fraction of the latest frames stayed within.

        None before the first frame.
        """
        if not self.frame_times_s:
            return None
        times = sorted(self.frame_times_s)
        return times[min(len(times) - 1, int(fraction * len(times)))]
