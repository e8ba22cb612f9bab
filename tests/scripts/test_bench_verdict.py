"""The acceptance lines say what made-up rows mean, and nothing where rows are missing."""

from __future__ import annotations

from typing import Any

import pytest
from benchmarks.tables import document, newest, share_table, speed_table, verdict_table
from benchmarks.verdict import verdict


def row(bank: str = "dyme", acceleration: str = "graph", mean_ms: float = 8.0, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "model": "sd15",
        "width": 512,
        "height": 512,
        "slots": 4,
        "bank": bank,
        "acceleration": acceleration,
        "path": acceleration,
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


def test_every_card_gets_its_own_part_and_a_cpu_no_verdict() -> None:
    text = document([*ALL_GOOD, row(device="a processor", on_gpu=False)], verdict)
    card, processor = text.split("### a processor")
    assert "| enough" in card and "| enough" not in processor


def test_tables_are_rectangular_and_say_what_failed() -> None:
    rows = [row(share={"encode": 0.1, "unet": 0.6, "bank": 0.1, "decode": 0.1, "transfer": 0.05, "rest": 0.05})]
    for table in (speed_table(rows), share_table(rows), verdict_table(verdict(rows))):
        assert len({line.count("|") for line in table.splitlines()}) == 1
    assert "10 / 60 / 10 / 10 / 5 / 5" in share_table(rows)
    assert "out of memory" in speed_table([{**row(), "error": "out of memory"}])
    assert "not given" in speed_table(rows)
