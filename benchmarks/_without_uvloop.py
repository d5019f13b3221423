"""The program on asyncio's own event loop, uvloop or not: python _without_uvloop.py [ARGUMENT ...]."""

from __future__ import annotations

import sys

from tui.cli import main

if __name__ == "__main__":
    sys.modules["uvloop"] = None  # type: ignore[assignment]  # as if it were not there
    sys.exit(main(sys.argv[1:]))
