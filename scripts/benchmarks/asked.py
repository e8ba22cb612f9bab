"""What is asked of the bench: the command line, its words as cases, and nonsense refused before anything is loaded."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .cases import BANKS, BASELINE, SHAPES, STRUCTURES, Case, grid

MODELS_HELP = "sd15, turbo or sdxl (real shapes, random weights), embedded, a diffusers folder or a hub id"


class Refused(Exception):
    """A question that cannot be answered: what was given and what is allowed, one line for a person."""


def parser(description: str) -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=description)
    what = made.add_argument_group("what to measure")
    what.add_argument("--all", action="store_true", help="every figure that this device can give, leg by leg")
    what.add_argument("--only", nargs="+", default=[], metavar="LEG", help="these legs")
    what.add_argument("--quick", action="store_true", help="embedded, two slots, bank off and on, and the plain loop")
    what.add_argument("--model", nargs="+", default=["embedded"], help=MODELS_HELP)
    what.add_argument("--vae", help="another VAE for a model that is loaded: a folder or a hub id")
    what.add_argument("--size", nargs="+", default=[], help="WxH px; left out, each model's own")
    what.add_argument("--slots", type=int, nargs="+", default=[1, 2, 4])
    what.add_argument("--bank", nargs="+", default=["off", "ea", "ea+ff", "dyme", "spread", "queue"])
    what.add_argument(
        "--acceleration", nargs="+", default=["none"], help="none, graph, ... as the engine's; baseline: the plain loop"
    )
    what.add_argument(
        "--structure", nargs="+", default=["none"], help="none, control, adapter or control+adapter, for sd15 and turbo"
    )
    how = made.add_argument_group("how")
    how.add_argument("--frames", type=int, help="timed frames of a case; left out, 320 on a GPU and 40 elsewhere")
    how.add_argument("--prediction", default="epsilon", choices=["epsilon", "v_prediction"], help="of random shapes")
    how.add_argument("--device", default="auto")
    how.add_argument("--dtype", default="auto")
    how.add_argument("--threads", type=int, default=0, help="CPU threads; 0 lets torch choose")
    how.add_argument("--rehearse", action="store_true", help="the legs of a GPU on any device, at 64x64")
    how.add_argument("--rounds", type=int, default=10, help="of engines that take turns, on a CPU")
    how.add_argument("--before", type=Path, metavar="FOLDER", help="an older checkout, to take turns with on a CPU")
    how.add_argument("--minutes", type=float, help="begin no case after that; the same command goes on later")
    out = made.add_argument_group("what comes out")
    out.add_argument("--out", type=Path, help="JSON-lines file: rows are added, cases in it are not repeated")
    out.add_argument("--legs", action="store_true", help="list the legs and end")
    out.add_argument("--tflop", action="store_true", help="count the arithmetic of a frame by shape and end")
    out.add_argument("--table", type=Path, nargs="*", metavar="FILE", help="print such files as Markdown and end")
    out.add_argument(
        "--into", type=Path, metavar="DOCUMENT", help="with --table or --tflop: between the document's marks instead"
    )
    return made


def check_numbers(arguments: argparse.Namespace) -> None:
    """Refuse numbers that mean nothing.

    Raises:
        Refused: which argument, what was given and what is allowed.
    """
    if arguments.frames is not None and arguments.frames < 1:
        raise Refused(f"--frames: {arguments.frames} was refused; allowed is 1 and more.")
    if arguments.threads < 0:
        raise Refused(f"--threads: {arguments.threads} was refused; allowed is 0 (torch chooses) and more.")
    if arguments.minutes is not None and arguments.minutes < 0:
        raise Refused(f"--minutes: {arguments.minutes:g} was refused; allowed is 0 and more.")
    if arguments.before is not None and not (arguments.before / "streamv2v" / "pipeline.py").is_file():
        raise Refused(f"--before: {arguments.before} is no checkout of this project; it has no streamv2v/pipeline.py.")
    if arguments.rounds < 1:
        raise Refused(f"--rounds: {arguments.rounds} was refused; allowed is 1 and more.")
    if arguments.into is not None and arguments.table is None and not arguments.tflop:
        raise Refused("--into: nothing to write; it goes with --table or --tflop.")


def size_of(text: str) -> tuple[int, int]:
    """(width, height) of "WxH".

    Raises:
        Refused: another form.
    """
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal()):
        raise Refused(f"--size: {text!r} was refused; allowed is WIDTHxHEIGHT in px, such as 512x512.")
    return int(width), int(height)


def asked_cases(arguments: argparse.Namespace) -> list[Case]:
    """The cases that the plain arguments ask for.

    Raises:
        Refused: a bank that is not known, or a size in another form.
    """
    if arguments.quick:
        engine = grid(["embedded"], [], [2], ["off", "dyme", "spread"], ["none"])
        return engine + grid(["embedded"], [], [2], ["dyme"], [BASELINE])
    unknown = sorted(set(arguments.bank) - set(BANKS))
    if unknown:
        raise Refused(f"--bank: {', '.join(unknown)} was refused; allowed is {', '.join(BANKS)}.")
    if BASELINE in arguments.acceleration and not {"off", "dyme"} & set(arguments.bank):
        raise Refused("--acceleration: the plain loop has the banks off and dyme alone; --bank names neither.")
    sizes = [size_of(text) for text in arguments.size]
    networks = structures_of(arguments)
    cases = grid(arguments.model, sizes, arguments.slots, arguments.bank, arguments.acceleration, networks)
    return list(dict.fromkeys(case for case in cases if not case.is_baseline or case.bank in ("off", "dyme")))


def structures_of(arguments: argparse.Namespace) -> list[str]:
    """The structure networks of each case, "" for none.

    Raises:
        Refused: a word that is none, or a model whose shape has no such networks here.
    """
    asked = ["" if text == "none" else text for text in arguments.structure]
    unknown = [text for text in asked if text and not set(text.split("+")) <= set(STRUCTURES)]
    if unknown:
        words = ", ".join(("none", *STRUCTURES, "+".join(STRUCTURES)))
        raise Refused(f"--structure: {', '.join(unknown)} was refused; allowed is {words}.")
    others = [model for model in arguments.model if model not in SHAPES]
    if any(asked) and (others or BASELINE in arguments.acceleration):
        raise Refused(f"--structure: allowed with the models {', '.join(SHAPES)}, and not with the plain loop.")
    return asked


def chosen_legs(plan: dict[str, list[Any]], only: Sequence[str]) -> dict[str, list[Any]]:
    """The legs called `only`; all where it is empty.

    Raises:
        Refused: a leg that is not there.
    """
    unknown = sorted(set(only) - set(plan))
    if unknown:
        raise Refused(f"--only: no leg is called {', '.join(unknown)}; there are {', '.join(plan)}.")
    return {name: cases for name, cases in plan.items() if not only or name in only}
