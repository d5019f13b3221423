"""The program at the far end of a real SSH connection, beside crypto-terminal: bytes, work, and delays.

OpenSSH's server runs on loopback, on a port and with keys of its own. `ssh -tt -C` runs in a
pseudo-terminal of 200x50 with true colours and answers as a terminal does; both programs in turn take
the same market at the same rates (`_exchange.py`), in one run. "sent" is what comes out at the terminal;
"on the wire" is what crosses the connection, packed and encrypted, counted by a relay between the two
ends. "taken" are the messages that the market sends the program: each subscribes to what it shows, ours
to the trades of all five products, crypto-terminal to those of one. Processor and memory are the
program's own, with its children and without SSH. "key to paint" is from a key to the first bytes of its
effect: "cursor" the down and up arrows, which choose another row of the watchlist (and with it another
chart in crypto-terminal), "book" the b that closes and opens the order book. "tick to paint" is from the
moment when a price was sent by the market to the moment when the bytes came that show it.

Without sshd it says so, and measures the pseudo-terminal alone; without crypto-terminal it goes without.

python ssh.py [calm hot]: chosen loads, or both.
"""

from __future__ import annotations

import getpass
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import psutil
from _keys import Key, shows
from _watched import Watched
from wire import RATES, SYNCHRONISED, Market, command, free_ports, is_started, quantile

HERE = Path(__file__).parent
WARM_UP_S = 8.0
MEASURED_S = 15.0
KEY_EVERY_S = 1.25
ROUNDS = 4  # of four keys


class Relay:
    """Passes a connection on and counts its bytes, both ways together."""

    def __init__(self, target: int) -> None:
        self.taken = 0
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                threading.Thread(target=self._pass, args=(near,), daemon=True).start()

    def _pass(self, near: socket.socket) -> None:
        with suppress(OSError), near, socket.create_connection(("127.0.0.1", self._target)) as far:
            other = {near: far, far: near}
            for end in other:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                for end in select.select(list(other), [], [])[0]:
                    data = end.recv(65_536)
                    if not data:
                        return
                    self.taken += len(data)
                    other[end].sendall(data)

    def close(self) -> None:
        self._listening.close()


class Server:
    """A real sshd for this run, and how to get to it."""

    def __init__(self, program: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="sshd-"))
        self._folder.chmod(0o700)
        for name in ("host", "user"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self._folder / name],
                check=True,
            )
        shutil.copy(self._folder / "user.pub", self._folder / "allowed")
        (self.port,) = free_ports(1)
        config = self._folder / "config"
        config.write_text(
            f"ListenAddress 127.0.0.1\nPort {self.port}\nHostKey {self._folder / 'host'}\n"
            f"AuthorizedKeysFile {self._folder / 'allowed'}\nPidFile {self._folder / 'pid'}\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\n"
            "PermitRootLogin prohibit-password\nStrictModes no\nAcceptEnv COLORTERM LANG HOME XDG_*\n"
            "PermitUserEnvironment no\nCompression yes\nPrintMotd no\nUseDNS no\n"
        )
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # it drops its rights in there
        self._process = subprocess.Popen(
            [program, "-D", "-e", "-f", config], stderr=(self._folder / "log").open("w")
        )
        self.relay = Relay(self.port)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.05)
        raise SystemExit("sshd does not start:\n" + (self._folder / "log").read_text())

    def reach(self, words: Sequence[str]) -> list[str]:
        """The command that runs words at the far end, in a terminal."""
        options = {
            "UserKnownHostsFile": self._folder / "known",
            "StrictHostKeyChecking": "no",
            "IdentitiesOnly": "yes",
            "IdentityFile": self._folder / "user",
            "LogLevel": "ERROR",
            "SendEnv": "COLORTERM LANG",
        }
        given = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return [
            *("ssh", "-F", "none", "-tt", "-C", "-p", str(self.relay.port), *given),
            f"{getpass.getuser()}@127.0.0.1",
            " ".join(words),
        ]

    def close(self) -> None:
        self.relay.close()
        self._process.terminate()
        self._process.wait()


@contextmanager
def serving() -> Iterator[Server | None]:
    program = shutil.which("sshd") or shutil.which("/usr/sbin/sshd")
    if program is None or shutil.which("ssh") is None:
        print("there is no sshd here (Debian: openssh-server): the pseudo-terminal alone\n")
        yield None
        return
    server = Server(program)
    try:
        yield server
    finally:
        server.close()


class Contestant(NamedTuple):
    """A program, how to start it, what its screen says when it runs, where a price is, keys in turn."""

    name: str
    words: Callable[[Market, Path], list[str]]
    is_started: Callable[[str], bool]
    price: re.Pattern[str]
    keys: Sequence[Key]


def in_turn(second: str, first: str, book: str) -> list[Key]:
    return [
        Key("cursor", b"\x1b[B", shows(second)),
        Key("book", b"b", shows(book, gone=True)),
        Key("cursor", b"\x1b[A", shows(first)),
        Key("book", b"b", shows(book)),
    ] * ROUNDS


TRADETUI = Contestant(
    "tradetui",
    lambda market, home: command(market, home),
    is_started,
    re.compile(r"^\W?(?P<price>\d[\d,]*\.\d+) +[▲▼]"),  # below the title of the first chart
    in_turn("▸ETH-USD", "▸BTC-USD", "Book BTC-USD"),
)
CRYPTO_TERMINAL = Contestant(
    "crypto-terminal 2.5.1",
    lambda market, home: [
        sys.executable,
        str(HERE / "_crypto_terminal.py"),
        str(market.stream),
        str(market.rest),
    ],
    lambda text: "LIVE" in text and "█" in text,
    re.compile(r"^\W?BTC-USD +(?P<price>\d[\d,]*\.\d+)"),  # in the watchlist
    in_turn("│ ETH-USD │", "│ BTC-USD │", "-USD (order )?book"),
)


class Prices:
    """When each price was first where the screen shows the last one, in its digits."""

    def __init__(self, place: re.Pattern[str]) -> None:
        self._place = place
        self.seen: dict[str, int] = {}
        self._rows: dict[int, str] = {}

    def look(self, watched: Watched, moment: int) -> None:
        for y, row in enumerate(watched.display):
            if self._rows.get(y) is not row:
                self._rows[y] = row
                for found in self._place.finditer(row):
                    self.seen.setdefault(found["price"].replace(",", ""), moment)


def pids_below(marker: str) -> list[int]:
    """Processes whose environment has the marker: the program's own, wherever they were started."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("WATCHED_RUN") == marker:
                name = process.name()
                if not name.startswith(("ssh", "sh", "bash", "dash", "env")):
                    found.append(process.pid)
    return found


def cpu_of(pids: Sequence[int]) -> float:
    worked = 0.0
    for pid in pids:
        with suppress(psutil.Error):
            times = psutil.Process(pid).cpu_times()
            worked += times.user + times.system
    return worked


def effects(
    keys: Sequence[Key], watched: Watched, chunks: Sequence[tuple[int, bytes]]
) -> dict[str, str]:
    """Tell how long the effects of recorded keys took, by kind: p50, p95, and how many came."""
    took: dict[str, list[float]] = {key.kind: [] for key in keys}
    ends = [*watched.typed[1:], chunks[-1][0] + 1 if chunks else 0]
    for key, begin, end in zip(keys, watched.typed, ends, strict=True):
        was_done = key.is_done(watched.display)
        seen: list[int] = []

        def look(moment: int, key: Key = key, seen: list[int] = seen) -> None:
            if not seen and key.is_done(watched.display):
                seen.append(moment)

        watched.replay([chunk for chunk in chunks if begin <= chunk[0] < end], look)
        if seen and not was_done:
            took[key.kind].append((seen[0] - begin) / 1e6)
    typed = Counter(key.kind for key in keys)
    return {
        kind: f"{quantile(sorted(values), 0.5):.0f}, {quantile(sorted(values), 0.95):.0f} ms "
        f"({len(values)} of {typed[kind]})"
        for kind, values in took.items()
    }


def run(contestant: Contestant, load: str, server: Server | None) -> bool:
    market = Market(RATES[load])
    home = Path(tempfile.mkdtemp(prefix="ssh-"))
    marker = home.name
    prefix = [
        "env",
        f"WATCHED_RUN={marker}",
        f"HOME={home}",
        f"XDG_CONFIG_HOME={home}/config",
        f"XDG_STATE_HOME={home}/state",
        f"PYTHONPATH={os.environ.get('PYTHONPATH', '')}",
    ]
    words = [*prefix, *contestant.words(market, home)]
    watched = Watched(words if server is None else server.reach(words), answers=SYNCHRONISED)
    try:
        if not watched.watch(40, lambda: contestant.is_started(watched.text)):
            print(f"{contestant.name} does not start:\n{watched.text}")
            return False
        before = watched.record(WARM_UP_S)
        pids = pids_below(marker)
        told_before = market.ask("/_stats")["sent"]
        wire_before = 0 if server is None else server.relay.taken
        worked_before = cpu_of(pids)
        watched.begin()
        since = time.monotonic_ns()
        chunks = watched.record(MEASURED_S)
        rate, packed = watched.rate, watched.packed_rate
        worked = (cpu_of(pids) - worked_before) / MEASURED_S * 100
        on_wire = packed if server is None else (server.relay.taken - wire_before) / MEASURED_S
        taken = (market.ask("/_stats")["sent"] - told_before) / MEASURED_S
        memory = max((psutil.Process(pid).memory_info().rss for pid in pids), default=0) / 2**20
        moments = market.ask("/_moments")["BTC-USD"]
        typed = watched.record(
            len(contestant.keys) * KEY_EVERY_S,
            [(turn * KEY_EVERY_S, key.typed) for turn, key in enumerate(contestant.keys)],
        )
        prices = Prices(contestant.price)
        watched.replay(before)
        watched.replay(chunks, lambda moment: prices.look(watched, moment))
        ticks = sorted(
            (at - moments[price]) / 1e6
            for price, at in prices.seen.items()
            if price in moments and moments[price] < at and since < at
        )
        paints = effects(contestant.keys, watched, typed)
        shown = [f"{quantile(ticks, q):.0f} ms" if ticks else "-" for q in (0.5, 0.95)]
        print(
            f"| {contestant.name}, {load} | {taken:,.0f}/s | {rate / 1024:.1f} KiB/s | "
            f"{on_wire / 1024:.2f} KiB/s | {worked:.0f}% | {memory:.0f} MiB | "
            f"{' | '.join(paints[kind] for kind in ('cursor', 'book'))} | "
            f"{shown[0]} | {shown[1]} ({len(ticks)}) |",
            flush=True,
        )
        return True
    finally:
        watched.end()
        for pid in pids_below(marker):
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        market.close()


def main() -> int:
    loads = [word for word in sys.argv[1:] if word in RATES] or ["calm", "hot"]
    contestants = [TRADETUI]
    if find_spec("crypto_terminal"):
        contestants.append(CRYPTO_TERMINAL)
    else:
        print("crypto-terminal is not installed: left out\n")
    with serving() as server:
        print(
            "| | taken | sent | on the wire | processor | memory | key to paint: cursor, p50, p95 | "
            "book, p50, p95 | tick to paint, p50 | p95 |\n|---|---|---|---|---|---|---|---|---|---|"
        )
        done = [run(contestant, load, server) for load in loads for contestant in contestants]
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main())
