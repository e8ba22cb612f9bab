"""A long show in a short time: does anything grow, and does the camera keep its beat meanwhile?

    python scripts/endurance.py                                      # a condensed hour: 6 minutes and the start
    python scripts/endurance.py --into docs/reliability.md           # and puts the tables there
    python scripts/endurance.py --busy 1 --into docs/reliability.md  # beside a busy core, into tables of its own
    python scripts/endurance.py --minutes 60 -- --set engine.acceleration=auto
    python scripts/endurance.py --restarts 100 --into docs/reliability.md

Runs the program with the embedded model, the drawn presenter as camera, a real OBS (where there is one) with its OBS
process and the live picture as a source, and two docks that follow events and picture (`--pages`: the page itself in
Chromium), while all controls move through the API. Says of memory, handles, threads and shared memory whether they are
flat: a slope after the warm-up and its bound (95 %). Says how long the publisher's longest intervals were. With
--restarts so many engine restarts instead, and what they left behind. Tables for people and JSON on the last line; the
exit code is 1 where something grows. Needs Linux, for /proc.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from dataclasses import asdict, astuple, fields
from pathlib import Path
from typing import Any

from breaking.program import Program, busy_cores
from breaking.tables import as_markdown, as_text, last_line, machine, put_into
from breaking.watching import NotSo
from enduring.company import Hand, docks, real_obs, show_in_obs
from enduring.restarts import Count, leaks, restart_again_and_again
from enduring.sampling import Sampler
from enduring.trends import Trend, trend

MOST_SAMPLE_S = 5.0
"""Between two looks; in a shorter show it is the more often, so that there are sixty looks at least."""
WARM_SHARE = 1 / 4
"""Of the run: what is needed once is taken in it, and it says nothing about growth."""
ROWS = 12
ALLOWED = {"memory": 0.5, "handles": 0.3, "threads": 0.2, "processes": 0.1}
"""What may be called flat, a minute: MB, and numbers."""
KINDS = {
    "host_mb": "memory",
    "engine_mb": "memory",
    "others_mb": "memory",
    "shared_mb": "memory",
    "handles": "handles",
    "threads": "threads",
    "processes": "processes",
    "shared_pieces": "handles",
}
UNIT = {"memory": "MB"}


def main() -> None:
    """Run what was asked for, print what came of it."""
    asked = parse()
    with tempfile.TemporaryDirectory() as name:
        if asked.restarts:
            sys.exit(restarts(Path(name), asked))
        sys.exit(endure(Path(name), asked))


def endure(folder: Path, asked: argparse.Namespace) -> int:
    """The condensed hour; the exit code."""
    began_s = time.monotonic()
    samples, summary, hand, told = show(folder, asked)
    warm = [sample for sample in samples if sample["minute"] >= WARM_SHARE * asked.minutes]
    minutes = [sample["minute"] for sample in warm]
    trends = {name: trend(minutes, [sample[name] for sample in warm], ALLOWED[kind]) for name, kind in KINDS.items()}
    figures = table_of_samples(samples)
    verdicts = table_of_trends(trends)
    interval = summary["interval_ms"]
    lines = [
        f"{told}; {hand.sent} changes, {hand.refused} refused; {summary['fps']:.2f} pictures a second, "
        f"{summary['engine_fps']:.1f} of them new drawings.",
        f"Between two pictures, start included: half within {interval['p50']:g} ms, 99 % {interval['p99']:g} ms, "
        f"99.9 % {interval['p999']:g} ms, longest {interval['max']:g} ms; {summary['late']} late beats of "
        f"{summary['frames']}; after the warm-up longest {max(sample['longest_ms'] for sample in warm):.0f} ms, "
        f"{samples[-1]['late'] - warm[0]['late']} late beats.",
    ]
    print("\n".join((as_text(figures), "", as_text(verdicts), "", *lines)))
    if asked.into:
        words = f"`{command(asked)}`, {machine()}: {' '.join(lines)}"
        text = f"{words}\n\n{as_markdown(verdicts)}\n\n{as_markdown(figures)}"
        put_into(asked.into, f"endurance, {asked.busy} busy", text)
    facts: dict[str, Any] = {"minutes": asked.minutes, "busy_cores": asked.busy, "company": told}
    facts |= {"trends": {name: asdict(found) | {"verdict": found.verdict} for name, found in trends.items()}}
    facts |= {"interval_ms": interval, "late": summary["late"], "changes": hand.sent, "refused": hand.refused}
    print(last_line(took_s=round(time.monotonic() - began_s), **facts, samples=samples))
    return int(any(found.verdict == "grows" for found in trends.values()))


def show(folder: Path, asked: argparse.Namespace) -> tuple[list[dict[str, Any]], dict[str, Any], Hand, str]:
    """Play the show: the samples, the run's own summary, the hand that moved the controls, who took part."""
    temporary = folder / "temporary"
    temporary.mkdir()
    samples: list[dict[str, Any]] = []
    with contextlib.ExitStack() as stack:
        settings, obs_words = stack.enter_context(real_obs(folder))
        environment = {"TMPDIR": str(temporary)}
        program = Program(folder / "program", "--json", *asked.more, settings=settings, environment=environment)
        stack.enter_context(program)
        program.until_live()
        if settings:
            show_in_obs(program)
        stack.enter_context(docks(program, 2, pages=asked.pages))
        hand = Hand(program)
        stack.callback(hand.close)
        stack.enter_context(busy_cores(asked.busy))
        sampler = Sampler(program.process.pid, temporary)
        began_s = due_s = time.monotonic()
        while due_s < began_s + 60 * asked.minutes:
            samples.append(sample(program, sampler, (time.monotonic() - began_s) / 60))
            due_s += min(MOST_SAMPLE_S, asked.minutes)
            time.sleep(max(0.0, due_s - time.monotonic()))
        hand.close()
        summary = program.summary()
    docks_words = "two pages in Chromium" if asked.pages else "two docks"
    return samples, summary, hand, f"{obs_words} and {docks_words}"


def sample(program: Program, sampler: Sampler, minute: float) -> dict[str, Any]:
    """All figures at one moment, plain values."""
    found, told = sampler.holdings(), program.look().told
    if not told:
        raise NotSo(f"the program does not answer in minute {minute:.1f}: {program.said.strip().splitlines()[-1:]}")
    figures = told["telemetry"]
    return {
        "minute": round(minute, 2),
        "host_mb": round(found["host"].pss_mb, 1),
        "engine_mb": round(found["engine"].pss_mb, 1),
        "others_mb": round(found["others"].pss_mb, 1),
        "host_rss_mb": round(found["host"].rss_mb, 1),
        "handles": found["host"].handles,
        "threads": found["host"].threads,
        "processes": sum(part.processes for part in found.values()),
        "shared_mb": round(sampler.shared_mb, 2),
        "shared_pieces": sampler.shared_pieces,
        "temporary_files": sampler.temporary_files,
        "styled_fps": round(figures["engine_fps"], 1),
        "longest_ms": round(figures["interval_max_ms"], 1),
        "late": figures["late"],
        "state": told["air"]["state"],
    }


def table_of_samples(samples: list[dict[str, Any]]) -> list[list[str]]:
    """Some samples in equal distances, each with the longest interval since the row before."""
    heads = {
        "minute": "minute",
        "host_mb": "host, MB",
        "engine_mb": "engine, MB",
        "others_mb": "others, MB",
        "handles": "handles",
        "threads": "threads",
        "processes": "processes",
        "shared_mb": "shared, MB",
        "temporary_files": "temporary files",
        "styled_fps": "drawn a second",
        "longest_ms": "longest interval, ms",
        "late": "late beats",
    }
    rows = [list(heads.values())]
    step = max(1, len(samples) // ROWS)
    for at in range(step - 1, len(samples), step):
        picked = samples[at] | {"longest_ms": max(one["longest_ms"] for one in samples[at - step + 1 : at + 1])}
        rows.append([f"{picked[name]:g}" for name in heads])
    return rows


def table_of_trends(trends: dict[str, Trend]) -> list[list[str]]:
    """What grows, and by how much an hour."""
    rows = [["what", "grows in an hour by", "bound", "called flat up to", "verdict"]]
    for name, found in trends.items():
        unit = " MB" if KINDS[name] == "memory" else ""
        told = (f"{60 * value:.1f}{unit}" for value in (found.slope, found.bound, found.allowed))
        slope, bound, allowed = told
        rows.append([name.replace("_mb", ", memory").replace("_", " "), slope, f"± {bound}", allowed, found.verdict])
    return rows


def restarts(folder: Path, asked: argparse.Namespace) -> int:
    """So many engine restarts; the exit code."""
    began_s = time.monotonic()
    with busy_cores(asked.busy):
        counts = restart_again_and_again(folder, asked.restarts)
    found = leaks(counts)
    table = [
        [field.name.replace("_", " ") for field in fields(Count)],
        *([f"{x:g}" for x in astuple(one)] for one in counts),
    ]
    words = f"Leaks: {'; '.join(found)}." if found else "Nothing is left behind."
    print(as_text(table), words, sep="\n\n")
    if asked.into:
        told = f"`{command(asked)}`, {machine()}; the last row is after the end of the run. {words}"
        put_into(asked.into, "restarts", f"{told}\n\n{as_markdown(table)}")
    print(last_line(took_s=round(time.monotonic() - began_s), counts=[asdict(one) for one in counts], leaks=found))
    return int(bool(found))


def command(asked: argparse.Namespace) -> str:
    """The command line of this run."""
    words = ["python scripts/endurance.py"]
    words += [f"--restarts {asked.restarts}"] if asked.restarts else [f"--minutes {asked.minutes:g}"]
    words += [f"--busy {asked.busy}"] * bool(asked.busy) + ["--pages"] * asked.pages
    return " ".join([*words, *(["--", *asked.more] if asked.more else [])])


def parse() -> argparse.Namespace:
    """What is asked for."""
    asking = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asking.add_argument("--minutes", type=float, default=6.0, help="length of the show, from the first look on")
    asking.add_argument("--busy", type=int, default=0, help="cores kept busy meanwhile")
    asking.add_argument("--pages", action="store_true", help="docks are the page in Chromium")
    asking.add_argument("--restarts", type=int, default=0, help="restart the engine so often instead")
    asking.add_argument("--into", type=Path, help="page into which the tables are put, between their marks")
    asking.add_argument("more", nargs="*", help="more options for the program, behind --")
    asked = asking.parse_args()
    if asked.restarts and asked.restarts < 20:
        asking.error("--restarts: at least 20, of which 10 are the warm-up")
    if not asked.restarts and asked.minutes < 1:
        asking.error("--minutes: at least 1, or there is nothing to see")
    return asked


if __name__ == "__main__":
    main()
