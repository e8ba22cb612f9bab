"""What becomes of a show when something breaks: what is on air, what is said, and after how long it is as before.

Runs the program itself with the embedded model and the drawn presenter, and breaks one thing after the other:

    python scripts/faults.py                                     # all
    python scripts/faults.py --into docs/reliability.md          # and puts the table there
    python scripts/faults.py --busy 1 --into docs/reliability.md # the same beside one busy core, into its own table
    python scripts/faults.py --only kill,camera-gone             # some
    python scripts/faults.py --list

Prints a table for people and JSON on the last line; the exit code is 1 where a fault did not end as it must. Needs
Linux, for its signals and /proc; root for the small disk and the little memory; OBS and Xvfb for the faults of OBS.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from breaking import camera, engine, files, hands, machine, memory, obs, raising, service
from breaking.program import busy_cores
from breaking.rooms import Room, play
from breaking.tables import HEADS, as_markdown, as_text, cells, last_line, put_into
from breaking.tables import machine as this_machine
from breaking.watching import Row

ROOMS: tuple[Room, ...] = (
    engine.ROOM,
    raising.ROOM,
    camera.ROOM,
    camera.FILES,
    hands.ROOM,
    files.DISK_ROOM,
    files.ROOM,
    machine.ROOM,
    service.ROOM,
    memory.ROOM,
    obs.ROOM,
    obs.ELSEWHERE,
)


def main() -> None:
    """Break what was asked for, one after the other, and print what came of it."""
    asked = parse()
    known = [name for room in ROOMS for name in room.faults]
    if asked.list:
        print("\n".join(f"{room.name:12}{', '.join(room.faults)}" for room in ROOMS))
        return
    wanted = set(asked.only.split(",")) if asked.only else set(known)
    if strangers := sorted(wanted - set(known)):
        sys.exit(f"error: --only: there is no fault {', '.join(strangers)}; --list says which there are.")
    rows: list[Row] = []
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, busy_cores(asked.busy):
        for room in ROOMS:
            for name, row, took_s in play(room, wanted, Path(folder)):
                row.said = row.said.replace(f"{folder}/", "")
                rows.append(row)
                print(f"{name} ({took_s:.0f} s): {' | '.join(filter(None, cells(row)))}", flush=True)
    took_s = time.monotonic() - began_s
    table = [list(HEADS), *map(cells, rows)]
    print(as_text(table))
    if asked.into:
        beside = f"beside {asked.busy} busy core{'s' * (asked.busy > 1)}" if asked.busy else "nothing else at work"
        told = f"`python scripts/faults.py{f' --busy {asked.busy}' * bool(asked.busy)}`, {this_machine()}, {beside}."
        put_into(asked.into, f"faults, {asked.busy} busy", f"{told}\n\n{as_markdown(table)}")
    facts = {"busy_cores": asked.busy, "took_s": round(took_s), "faults": [row.as_dict() for row in rows]}
    print(last_line(**facts))
    sys.exit(any(row.wrong for row in rows))


def parse() -> argparse.Namespace:
    """What is asked for."""
    asking = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asking.add_argument("--only", help="names of faults, with commas between")
    asking.add_argument("--list", action="store_true", help="say which faults there are, and end")
    asking.add_argument("--busy", type=int, default=0, help="cores kept busy meanwhile")
    asking.add_argument("--into", type=Path, help="page into which the table is put, between its marks")
    return asking.parse_args()


if __name__ == "__main__":
    main()
