"""Where the machine's processor time went meanwhile: a rate that is missed has a reason."""

from __future__ import annotations

import os
import time
from pathlib import Path

MOST = 6
"""So many processes are told of."""


class Busiest:
    """Counts from its making on."""

    def __init__(self) -> None:
        self._began_s, self._before = time.monotonic(), used()

    def told(self) -> dict[str, float]:
        """Name and number of a process -> its processor time in hundredths of the time since, the busiest first."""
        hundredth_s = (time.monotonic() - self._began_s) * os.sysconf("SC_CLK_TCK") / 100
        spent = {name: ticks - self._before.get(name, 0) for name, ticks in used().items()}
        first = sorted(spent, key=lambda name: -spent[name])[:MOST]
        return {name: round(spent[name] / hundredth_s, 1) for name in first}


def used() -> dict[str, int]:
    """Name and number of each process, and of what the processors did as a whole -> its ticks until now."""
    whole = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    found = {f"all: {kind}": int(whole[at]) for at, kind in ((4, "idle"), (8, "stolen"))}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                name, _, rest = (folder / "stat").read_text().rpartition(")")
            except OSError:
                continue  # ended meanwhile
            fields = rest.split()
            found[f"{name.partition('(')[2]} {folder.name}"] = int(fields[11]) + int(fields[12])
    return found
