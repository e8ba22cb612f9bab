"""Ratios on a machine whose speed wanders: all sides run blocks of a few frames in turns, and rounds are compared.

The eager engine, the compiled one, the plain loop and, where an older checkout is at hand, the engine as it was
are processes of their own; while one works, the others sleep.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from streamv2v.config import EMBEDDED_FOLDER, EMBEDDED_MODEL

from .cases import BASELINE, CPU_BANKS, Turns
from .ready import can_compile

ROOT = Path(__file__).resolve().parents[2]
BLOCK = 4
"""Frames at a time: one update interval of the bank, so that every block holds one update."""
NOT_HERE = "not measured"
PLAIN_BANKS = ("off", "dyme")
"""What the plain loop can do."""


class Side:
    """One process of a comparison.

    Args:
        checkout: whose library it runs.
        threads: of its arithmetic; 0 lets torch choose.
    """

    def __init__(self, checkout: Path, threads: int) -> None:
        path = os.pathsep.join(str(place) for place in (checkout, ROOT / "scripts"))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.contestant", str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=checkout,  # a module is looked for there first
            env={**os.environ, "PYTHONPATH": path},
        )

    def ask(self, do: str, **words: Any) -> Any:
        """Give one order and wait for its answer.

        Raises:
            RuntimeError: what the order failed with, or that the process has ended.
        """
        into, out = self._process.stdin, self._process.stdout
        assert into is not None and out is not None
        try:
            into.write(json.dumps({"do": do, **words}) + "\n")
            into.flush()
            line = out.readline()
        except (OSError, ValueError):  # a broken pipe, or one that is closed
            line = ""
        if not line:
            raise RuntimeError("the process of this side has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


class TakingTurns:
    """The processes of comparisons, started when the first is asked for and ended with the block.

    Args:
        before: an older checkout; None compares with none.
        threads: of each side's arithmetic; 0 lets torch choose.
        rounds: blocks of each engine.
        banks: what is compared; "off" is always among them.

    Attributes:
        running: the processes by name: "now", "compiled" where the engine compiles, "before" where it is given.
    """

    def __init__(
        self, before: Path | None, *, threads: int = 0, rounds: int = 10, banks: Sequence[str] = CPU_BANKS
    ) -> None:
        self._before, self._threads, self._rounds = before, threads, rounds
        self._banks = tuple(dict.fromkeys(("off", *banks)))
        self.running: dict[str, Side] = {}

    def __enter__(self) -> TakingTurns:
        return self

    def __exit__(self, *_error: object) -> None:
        for side in self.running.values():
            side.close()

    def __call__(self, turns: Turns) -> dict[str, Any]:
        """The ratios of one size and number of slots.

        Returns:
            `banks`: for each bank, as ratios of frame times, "of_off" (the eager engine against itself without a
            bank), "compiled" (the compiled engine against the eager one), "of_before" (the eager engine against
            the older checkout's) and "plain" (the plain loop against the eager engine); each is [median, lower
            quartile, upper quartile] over rounds, or the reason why there is none.
        """
        there = self.running = self.running or self._start()
        everyone = names_of(there, self._banks)
        failed = make_all(turns, there, everyone)
        names = [name for name in everyone if name not in failed]
        times: dict[tuple[str, str], list[float]] = {name: [] for name in names}
        for number in range(self._rounds + 1):
            for side, bank in names if number % 2 else reversed(names):
                took_ms = there[side.split()[0]].ask("run", name=f"{side} {bank}", frames=BLOCK)
                if number:  # the first round warms up
                    times[side, bank].append(took_ms)
        for side in there.values():
            side.ask("forget")
        return {"banks": compared(times, failed, self._banks), "rounds": self._rounds, "frames": BLOCK}

    def _start(self) -> dict[str, Side]:
        made = {"now": Side(ROOT, self._threads)}
        if can_compile():
            made["compiled"] = Side(ROOT, self._threads)
        if self._before is not None:
            made["before"] = Side(self._before.resolve(), self._threads)
        return made


def compared(
    times: dict[tuple[str, str], list[float]], failed: dict[tuple[str, str], str], banks: Sequence[str] = CPU_BANKS
) -> dict[str, Any]:
    """Ratios of rounds, bank by bank."""

    def against(one: tuple[str, str], other: tuple[str, str]) -> Any:
        absent = [name for name in (one, other) if name not in times]
        if absent:
            reasons = [failed[name] for name in absent if name in failed]
            return reasons[0] if len(reasons) == len(absent) else NOT_HERE
        ratios = np.array(times[one]) / np.array(times[other])
        return [float(np.percentile(ratios, q)) for q in (50, 25, 75)]

    return {
        bank: {
            "of_off": against(("now", bank), ("now", "off")),
            "compiled": against(("compiled", bank), ("now", bank)),
            "of_before": against(("now", bank), ("before", bank)),
            "plain": against(("now plain", bank), ("now", bank)),
        }
        for bank in banks
    }


def names_of(there: dict[str, Side], banks: Sequence[str]) -> list[tuple[str, str]]:
    """(side, bank) of all that run; the plain loop lives in the process of the eager engine."""
    every = [(side, bank) for bank in banks for side in there]
    return [*every, *(("now plain", bank) for bank in PLAIN_BANKS if bank in banks)]


def make_all(turns: Turns, there: dict[str, Side], names: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Build every engine; the reasons of those that cannot be."""
    failed = {}
    ways = {"now": "none", "before": "none", "compiled": "compile", "now plain": BASELINE}
    # the same weights for both checkouts
    model = str(EMBEDDED_FOLDER) if turns.model == EMBEDDED_MODEL else turns.model
    for side, bank in names:
        case = {**turns.as_dict(), "model": model, "bank": bank, "acceleration": ways[side]}
        try:
            there[side.split()[0]].ask("make", name=f"{side} {bank}", case=case)
        except RuntimeError as error:
            failed[side, bank] = str(error)
    return failed
