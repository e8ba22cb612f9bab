"""The server in a process of its own, so that it can be killed: `python alone.py FOLDER PORT`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from plugin.control.conftest import make_stage
from plugin.control.dock.conftest import show_on


def main() -> None:
    stage = show_on(make_stage(Path(sys.argv[1]), port=int(sys.argv[2])))
    stage.server.start()
    print(stage.server.port, flush=True)
    while True:
        time.sleep(1)


if __name__ == "__main__":
    main()
