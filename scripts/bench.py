"""How fast is the engine here, against a plain eager loop of the same method?

    python scripts/bench.py --quick                        # the embedded model, in a minute or two
    python scripts/bench.py --model sd15 --slots 4 --bank off dyme --acceleration none graph
    python scripts/bench.py --all --out speed.jsonl        # every figure of docs/performance.md; repeat until done
    python scripts/bench.py --table speed.jsonl            # those figures as Markdown

"sd15" and "turbo" are models of the real shapes with random weights: the arithmetic is the same and no file is
needed. A table for people, on a GPU the acceptance lines, and JSON on the last line. Absolute times hold for this
machine at this moment only; compare rows of one run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

# as in the engine process: threads that spin at barriers starve each other on a busy machine
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "5000")

LEG_MINUTES = 8.5
"""No case is begun after that, so that one call ends within nine minutes; the same call again goes on."""


def main() -> None:
    arguments = parse()
    if arguments.table:
        show_document(arguments.table)
        return
    import torch
    from benchmarks.cases import known_accelerations, legs
    from benchmarks.measure import Bench

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    bench = Bench(
        device=arguments.device,
        dtype=arguments.dtype,
        frames=arguments.frames or (320 if torch.cuda.is_available() and arguments.device != "cpu" else 40),
        vae=arguments.vae,
        prediction_type=arguments.prediction,
    )
    ways = known_accelerations(bench.device.type)
    plan = legs(ways, small=arguments.small or bench.device.type == "cpu")
    if arguments.legs:
        print_legs(plan)
        return
    if arguments.all or arguments.only:
        unknown = set(arguments.only) - set(plan)
        if unknown:
            sys.exit(f"--only: no leg is called {', '.join(sorted(unknown))}; there are {', '.join(plan)}.")
        chosen = {name: cases for name, cases in plan.items() if not arguments.only or name in arguments.only}
    else:
        chosen = {"": asked_cases(arguments)}
    rows, left = run(bench, chosen, arguments)
    report(bench, rows, left)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", nargs="*", default=["embedded"], help="sd15, turbo, embedded, a folder or a hub id")
    parser.add_argument("--vae", help="another VAE for a model that is loaded: a folder or a hub id")
    parser.add_argument("--size", nargs="*", default=[], help="WxH px; left out, each model's own")
    parser.add_argument("--slots", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--bank", nargs="*", default=["off", "ea", "ea+ff", "dyme", "spread", "queue"])
    parser.add_argument("--acceleration", nargs="*", default=["none"], help="none, graph, ...; baseline: plain loop")
    parser.add_argument("--frames", type=int, help="timed frames of a case; left out, 320 on a GPU and 40 elsewhere")
    parser.add_argument("--prediction", default="epsilon", choices=["epsilon", "v_prediction"], help="of random shapes")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 lets torch choose")
    parser.add_argument("--quick", action="store_true", help="embedded, two slots, bank off and on, and the baseline")
    parser.add_argument("--all", action="store_true", help="every leg")
    parser.add_argument("--only", nargs="*", default=[], help="these legs")
    parser.add_argument("--legs", action="store_true", help="list the legs and end")
    parser.add_argument("--small", action="store_true", help="legs at 128x128, as always on a CPU")
    parser.add_argument(
        "--out", type=Path, help="JSON-lines file: rows are added, cases already in it are not repeated"
    )
    parser.add_argument("--table", type=Path, help="print such a file as Markdown and end")
    parser.add_argument("--minutes", type=float, default=LEG_MINUTES, help="begin no case after that")
    return parser.parse_args()


def asked_cases(arguments: argparse.Namespace) -> list[Any]:
    """The cases that the plain arguments ask for."""
    from benchmarks.cases import BANKS, BASELINE, grid

    if arguments.quick:
        return grid(["embedded"], [], [2], ["off", "dyme", "spread"], ["none"]) + grid(
            ["embedded"], [], [2], ["dyme"], [BASELINE]
        )
    unknown = set(arguments.bank) - set(BANKS)
    if unknown:
        sys.exit(f"--bank: {', '.join(sorted(unknown))} was refused; allowed is {', '.join(BANKS)}.")
    sizes = [(int(width), int(height)) for width, height in (size.split("x") for size in arguments.size)]
    return grid(arguments.model, sizes, arguments.slots, arguments.bank, arguments.acceleration)


def run(bench: Any, chosen: dict[str, list[Any]], arguments: argparse.Namespace) -> tuple[list[dict[str, Any]], int]:
    """Measure what is not in the results file yet; returns this call's rows and how many cases are left."""
    from benchmarks.card import device_name

    until_s = time.monotonic() + 60 * arguments.minutes
    known = read_rows(arguments.out) if arguments.out and arguments.out.exists() else []
    here = device_name(bench.device)
    done = {(row.get("leg"), row["key"]) for row in known if row["device"] == here and "error" not in row}
    waiting = [(leg, case) for leg, cases in chosen.items() for case in cases if (leg, case.key) not in done]
    rows: list[dict[str, Any]] = []
    for number, (leg, case) in enumerate(waiting):
        if time.monotonic() > until_s:
            return rows, len(waiting) - number
        row = {"leg": leg, **bench.measure(case)}
        print(progress_line(row), file=sys.stderr, flush=True)
        rows.append(row)
        if arguments.out:
            with arguments.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
    return rows, 0


def progress_line(row: dict[str, Any]) -> str:
    found = row.get("error") or f"{row['mean_ms']:.1f} ms, {row['fps']:.1f} fps"
    return f"{row['leg']:14}{row['key']:44}{found}"


def report(bench: Any, rows: list[dict[str, Any]], left: int) -> None:
    """This call's tables, the acceptance lines where they apply, and JSON."""
    from benchmarks.tables import share_table, speed_table, verdict_table
    from benchmarks.verdict import verdict

    print(speed_table(rows))
    print("\n" + share_table(rows))
    lines = verdict(rows) if bench.device.type == "cuda" else []
    if lines:
        print("\n" + verdict_table(lines))
    if left:
        print(f"\n{left} cases are left: give the same command again.")
    print(json.dumps({"rows": rows, "verdict": [line.as_dict() for line in lines], "left": left}))


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a results file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def show_document(path: Path) -> None:
    from benchmarks.tables import document
    from benchmarks.verdict import verdict

    print(document(read_rows(path), verdict))


def print_legs(plan: dict[str, list[Any]]) -> None:
    for name, cases in plan.items():
        print(f"{name:16}{len(cases):>3} cases: {cases[0].key} ... {cases[-1].key}")


if __name__ == "__main__":
    main()
