"""The acceptance lines say what made-up rows mean, and nothing where rows are missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from benchmarks.asked import Refused
from benchmarks.cases import legs
from benchmarks.document import cpu_part, fill_in, gpu_part
from benchmarks.results import newest
from benchmarks.tables import tables, verdict_table
from benchmarks.verdict import cpu_verdict, verdict

PLAN = legs(("none", "graph"))


def row(bank: str = "dyme", acceleration: str = "graph", mean_ms: float = 8.0, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "model": "sd15",
        "width": 512,
        "height": 512,
        "slots": 4,
        "bank": bank,
        "acceleration": acceleration,
        "path": acceleration,
        "kind": "engine",
        "run": "1",
        "device": "a card",
        "on_gpu": True,
        "dtype": "float16",
        "torch": "2",
        "key": f"{bank} {acceleration}",
        "p50_ms": mean_ms,
        "p95_ms": mean_ms,
        "p99_ms": 1.05 * mean_ms,
        "max_ms": 1.08 * mean_ms,
        "mean_ms": mean_ms,
        "fps": 1000 / mean_ms,
    }
    return {**made, **changes}


def turbo(mean_ms: float = 4.0, **changes: Any) -> dict[str, Any]:
    return row(mean_ms=mean_ms, model="turbo", slots=1, **changes)


ALL_GOOD = [row(), row("off", mean_ms=7.5), row(acceleration="baseline", mean_ms=48.0), turbo()]


def passed(rows: list[dict[str, Any]]) -> list[bool | None]:
    return [line.passed for line in verdict(rows)]


def test_a_card_that_does_it_all_passes_every_line() -> None:
    assert passed(ALL_GOOD) == [True] * 6


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        (0, [row(mean_ms=10.5)]),
        (1, [turbo(mean_ms=5.2)]),
        (2, [row(), row("off", mean_ms=7.0)]),
        (3, [row(p99_ms=9.3)]),
        (4, [row(), row(acceleration="baseline", mean_ms=39.0)]),
        (5, [row(max_ms=8.9)]),
    ],
    ids=["fps", "turbo fps", "bank", "p99", "baseline", "slowest"],
)
def test_each_line_can_fail(line: int, rows: list[dict[str, Any]]) -> None:
    assert passed(rows)[line] is False


def test_nothing_is_concluded_without_rows() -> None:
    assert passed([]) == [None] * 6
    assert all(line.found == "not measured" for line in verdict([]))


def test_a_failed_case_is_no_measurement() -> None:
    assert passed([{**row(), "error": "out of memory"}])[0] is None


def test_a_bank_without_merging_does_not_count_as_the_full_one() -> None:
    assert passed([row("ea+ff"), row("queue")])[0] is None


def test_the_bank_is_compared_with_off_on_the_same_path() -> None:
    assert passed([row(), row("off", acceleration="none", mean_ms=20.0)])[2] is None


def test_the_baseline_is_never_the_engine() -> None:
    assert passed([row(acceleration="baseline", mean_ms=2.0)])[0] is None


def test_one_frame_ahead_counts_as_a_rate_and_both_are_said() -> None:
    line = verdict([row(mean_ms=10.5, ahead_fps=104.0)])[0]
    assert line.passed
    assert "95.2" in line.found and "104.0" in line.found


def test_the_same_run_is_preferred_and_two_runs_are_said() -> None:
    slow_plain = row(acceleration="baseline", mean_ms=80.0, run="0")
    same = verdict([row(), slow_plain, row(acceleration="baseline", mean_ms=48.0)])[4]
    assert same.found.startswith("6.00 times") and "two runs" not in same.found
    assert "two runs" in verdict([row(), slow_plain])[4].found


def test_a_repeated_case_replaces_and_a_failure_does_not() -> None:
    first, again = row(run="1"), row(run="2")
    assert newest([first, again]) == [again]
    assert newest([first, {**again, "error": "lost"}]) == [first]


def turns(of_before: float | str = 0.98, **changes: Any) -> dict[str, Any]:
    band = [0.8, 0.7, 0.9]
    before = of_before if isinstance(of_before, str) else [of_before, of_before - 0.01, of_before + 0.01]
    bank = {"of_off": [1.3, 1.2, 1.4], "compiled": band, "of_before": before, "plain": [2.0, 1.9, 2.1]}
    made: dict[str, Any] = {"kind": "turns", "model": "embedded", "width": 256, "height": 256, "slots": 2}
    made |= {"device": "a processor", "key": "embedded in turns", "dtype": "bfloat16", "torch": "2", "on_gpu": False}
    return {**made, "banks": {"dyme": bank}, **changes}


def test_every_card_gets_its_own_part_and_a_processor_ratios_alone() -> None:
    rows = [*ALL_GOOD, row(device="another card"), row(device="a processor", on_gpu=False), turns()]
    first, second = gpu_part(rows, PLAN).split("### another card")
    assert "| enough" in first and "| enough" in second and "processor" not in first + second
    text = cpu_part(rows)
    assert "0.80 (0.70 to 0.90)" in text and "p50" not in text


def test_a_card_without_a_leg_says_that_it_is_not_measured() -> None:
    text = gpu_part([row(leg="acceptance", key="sd15 512x512 4 dyme graph")], PLAN)
    assert "Not measured: turbo 512x512 1 dyme graph" in text
    assert "Not measured: all of sizes" in text


def test_without_a_card_every_planned_case_is_there_and_not_measured() -> None:
    text = gpu_part([turns()], PLAN)
    assert text.count("| not measured") >= sum(len(cases) for leg, cases in PLAN.items() if leg != "nearest")
    assert all(f"#### {leg}" in text for leg in PLAN)
    assert cpu_part([]) == "Not measured yet."


def test_a_processor_may_not_become_slower() -> None:
    assert cpu_verdict([turns(0.98)])[0].passed is True
    assert cpu_verdict([turns(1.10)])[0].passed is False
    assert cpu_verdict([turns("not measured")])[0].passed is None
    assert cpu_verdict([])[0].found == "not measured"


def test_a_gap_between_engines_in_turns_has_its_reason() -> None:
    text = cpu_part([turns("RuntimeError: no such folder")])
    assert "not measured" in text and "no such folder" in text


def test_a_document_is_filled_between_its_marks_alone(tmp_path: Path) -> None:
    document = tmp_path / "speed.md"
    document.write_text("before\n<!-- bench: cpu -->\nold\n<!-- end of bench: cpu -->\nafter\n")
    fill_in(document, {"cpu": "new"})
    assert document.read_text() == "before\n<!-- bench: cpu -->\n\nnew\n\n<!-- end of bench: cpu -->\nafter\n"
    with pytest.raises(Refused, match="no place for 'gpu'"):
        fill_in(document, {"gpu": "new"})
    with pytest.raises(Refused, match="cannot be read"):
        fill_in(tmp_path / "none.md", {"cpu": "new"})


def test_tables_are_rectangular_and_say_what_failed() -> None:
    share = {"encode": 0.1, "unet": 0.6, "bank": 0.1, "decode": 0.1, "transfer": 0.05, "rest": 0.05}
    search = {"kind": "search", "key": "a search", "rows": 4, "tokens": 64, "channels": 8}
    search |= {"matrix_ms": 1.0, "kernel_ms": None}
    for text in (*(tables([each]) for each in (row(share=share), turns(), search)), verdict_table(verdict([]))):
        assert len({line.count("|") for line in text.splitlines()}) == 1
    assert "10 / 60 / 10 / 10 / 5 / 5" in tables([row(share=share)])
    for each in (row(), turns(), search):
        assert "out of memory" in tables([{**each, "error": "out of memory"}])
    assert "not given" in tables([row()])
    assert "not measured" in tables([search])
