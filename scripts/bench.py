"""How fast is the engine here, against a plain eager loop of the same method?

    python scripts/bench.py --quick                        # the embedded model, in a minute or two
    python scripts/bench.py --model sd15 --slots 4 --bank off dyme --acceleration none graph baseline
    python scripts/bench.py --all --out speed.jsonl        # every figure of docs/performance.md that this device gives
    python scripts/bench.py --table speed.jsonl --into docs/performance.md       # and its tables

"sd15", "turbo" and "sdxl" are models of the real shapes with random weights: the arithmetic is the same and no file is
needed. A table for people, the acceptance lines, and JSON on the last line. Absolute times hold for this machine at
this moment only; compare rows of one run. On a CPU `--all` compares engines in turns and shows ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.asked import Refused, asked_cases, check_numbers, chosen_legs, parser
from benchmarks.cases import Search, Turns, cpu_legs, known_accelerations, legs

# as in the engine process: threads that spin at barriers starve each other on a busy machine
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "5000")

GPU_WAYS = ("none", "graph")
"""What a document plans for a GPU that is not at hand."""


def main(words: list[str] | None = None) -> None:
    arguments = parser((__doc__ or "").splitlines()[0]).parse_args(words)
    try:
        check_numbers(arguments)
        if arguments.table is not None:
            show_document(arguments.table, arguments.into)
        elif arguments.tflop:
            show_arithmetic(arguments.into)
        else:
            measure(arguments)
    except Refused as refused:
        sys.exit(str(refused))


def measure(arguments: argparse.Namespace) -> None:
    """Measure what was asked for and report it.

    Raises:
        Refused: something asked for cannot be built here.
    """
    from benchmarks.results import rows_so_far

    from streamv2v import ConfigError

    known = rows_so_far(arguments.out)
    asked = {} if arguments.all or arguments.only or arguments.legs else {"": asked_cases(arguments)}
    try:
        bench = make_bench(arguments)
        plan = asked or plan_for(bench.device.type, rehearse=arguments.rehearse)
        chosen = chosen_legs(plan, arguments.only)
        for case in (case for cases in chosen.values() for case in cases):
            bench.check(case)
    except ConfigError as error:
        raise Refused(str(error)) from None
    if arguments.legs:
        print_legs(plan)
        return
    rows, left = run(bench, chosen, known, arguments)
    report(bench.device.type, rows, left)
    if rows and all("error" in row for row in rows):
        sys.exit(1)


def make_bench(arguments: argparse.Namespace) -> Any:
    """What measures."""
    import torch
    from benchmarks.measure import Bench

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    on_gpu = torch.cuda.is_available() and arguments.device != "cpu"
    return Bench(
        device=arguments.device,
        dtype=arguments.dtype,
        frames=arguments.frames or (320 if on_gpu else 40),
        vae=arguments.vae,
        prediction_type=arguments.prediction,
    )


def plan_for(device_type: str, *, rehearse: bool) -> dict[str, list[Any]]:
    """The legs of such a device by name."""
    # The engine's compiler opens the model by its name in a process of its own; random weights have no such name.
    ways = known_accelerations(device_type, compiles=False)
    if device_type == "cuda" or rehearse:
        return dict(legs(ways, small=rehearse))
    return dict(cpu_legs())


def run(
    bench: Any, chosen: dict[str, list[Any]], known: list[dict[str, Any]], arguments: argparse.Namespace
) -> tuple[list[dict[str, Any]], int]:
    """Measure what is not known yet; returns this call's rows and how many cases are left."""
    from benchmarks.card import device_name
    from benchmarks.results import add_row
    from benchmarks.taking_turns import TakingTurns

    until_s = time.monotonic() + 60 * arguments.minutes if arguments.minutes is not None else float("inf")
    here = device_name(bench.device)
    done = {(row.get("leg"), row["key"]) for row in known if row["device"] == here and "error" not in row}
    waiting = [(leg, case) for leg, cases in chosen.items() for case in cases if (leg, case.key) not in done]
    rows: list[dict[str, Any]] = []
    with TakingTurns(arguments.before, threads=arguments.threads, rounds=arguments.rounds) as in_turns:
        for number, (leg, case) in enumerate(waiting):
            if time.monotonic() > until_s:
                return rows, len(waiting) - number
            row = {"leg": leg, **one_row(bench, case, in_turns)}
            print(progress_line(row), file=sys.stderr, flush=True)
            rows.append(row)
            add_row(arguments.out, row)
    return rows, 0


def one_row(bench: Any, case: Any, in_turns: Any) -> dict[str, Any]:
    """The row of a case of any kind."""
    if isinstance(case, Turns):
        return bench.row(case, in_turns)
    return bench.search(case) if isinstance(case, Search) else bench.measure(case)


def progress_line(row: dict[str, Any]) -> str:
    found = row.get("error") or (f"{row['mean_ms']:.1f} ms, {row['fps']:.1f} fps" if "fps" in row else "done")
    return f"{row['leg']:14}{row['key']:44}{found}"


def report(device_type: str, rows: list[dict[str, Any]], left: int) -> None:
    """This call's table, the acceptance lines, and JSON."""
    from benchmarks.tables import tables, verdict_table
    from benchmarks.verdict import cpu_verdict, verdict

    print(tables(rows) + "\n")
    lines = verdict(rows if device_type == "cuda" else []) + cpu_verdict(rows)
    print(verdict_table(lines))
    if left:
        print(f"\n{left} cases are left: give the same command again.")
    print(json.dumps({"rows": rows, "verdict": [line.as_dict() for line in lines], "left": left}))


def show_document(paths: list[Path], into: Path | None) -> None:
    """Results files as Markdown, in the terminal or between the marks of a document.

    Args:
        paths: without any, the figures of a GPU as they are before they are measured.
        into: the document; parts for which the files hold no rows are left as they are.
    """
    from benchmarks.document import cpu_part, fill_in, gpu_part
    from benchmarks.results import read_rows

    rows = [row for path in paths for row in read_rows(path)]
    parts: dict[str, str] = {}
    if not paths or any(row.get("on_gpu") for row in rows):
        parts["gpu"] = gpu_part(rows, legs(GPU_WAYS))
    if any(row.get("kind") == "turns" for row in rows):
        parts["cpu"] = cpu_part(rows)
    if not parts:
        raise Refused("The files hold neither rows of a GPU nor engines in turns; wanted is what --all has written.")
    if into is None:
        print("\n\n".join(parts.values()))
    else:
        fill_in(into, parts)


def show_arithmetic(into: Path | None) -> None:
    """The TFLOP of a frame by shape."""
    from benchmarks.arithmetic import arithmetic_table, count_all
    from benchmarks.document import fill_in

    rows = count_all()
    if into is None:
        print(arithmetic_table(rows))
    else:
        fill_in(into, {"tflop": arithmetic_table(rows)})
    print(json.dumps({"rows": rows}))


def print_legs(plan: dict[str, list[Any]]) -> None:
    for name, cases in plan.items():
        print(f"{name:16}{len(cases):>3} cases: {cases[0].key} ... {cases[-1].key}")


if __name__ == "__main__":
    main()
