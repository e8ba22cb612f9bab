"""The number of threads is tried once, remembered under the machine, and clear winners win."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from streamv2v import StreamConfig
from streamv2v.tuning.autotune import FILE_NAME, Trials, fastest, machine_key, side_by_side, stream_key
from streamv2v.tuning.threads import choose_threads, thread_choices, usual_threads


@pytest.fixture(autouse=True)
def same_threads_afterwards() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_cores_hardware_threads_and_one_less_are_worth_a_trial() -> None:
    assert thread_choices(16, 8) == [4, 7, 8, 15, 16]
    assert thread_choices(2, 2) == [1, 2]
    assert thread_choices(1) == [1]
    assert usual_threads(2) == 2 and usual_threads(8) == 7


def test_the_usual_choice_stays_unless_another_is_clearly_faster() -> None:
    assert fastest({1: 100.0, 2: 98.0}, 1, gain=0.05) == 1
    assert fastest({1: 100.0, 2: 90.0}, 1, gain=0.05) == 2


def test_times_are_taken_in_turns_and_the_first_run_of_each_is_not_counted() -> None:
    course: list[str] = []
    now = [0.0]

    def run(name: str, seconds: float):
        def once() -> None:
            course.append(name)
            now[0] += seconds

        return once

    times = side_by_side({"a": run("a", 0.002), "b": run("b", 0.004)}, rounds=2, clock=lambda: now[0])
    assert course == ["a", "b", "a", "b", "b", "a"]
    assert times == pytest.approx({"a": 2.0, "b": 4.0})


def test_a_trial_happens_once_and_its_answer_is_remembered(tmp_path: Path) -> None:
    drawn: list[int] = []
    frame = lambda: drawn.append(torch.get_num_threads())  # noqa: E731
    chosen, reason = choose_threads(frame, [1, 2], usual=2, trials=Trials(tmp_path), key="k", rounds=2)
    assert sorted(set(drawn)) == [1, 2] and len(drawn) == 7
    assert chosen == torch.get_num_threads() and "tried here" in reason
    drawn.clear()
    again, reason = choose_threads(frame, [1, 2], usual=2, trials=Trials(tmp_path), key="k")
    assert again == chosen and not drawn and reason == "fastest when tried before"


def test_a_remembered_number_that_is_no_choice_any_more_is_tried_anew(tmp_path: Path) -> None:
    Trials(tmp_path).remember("threads", "k", 64)
    drawn: list[int] = []
    choose_threads(lambda: drawn.append(1), [1, 2], usual=2, trials=Trials(tmp_path), key="k", rounds=1)
    assert drawn


def test_a_trial_beside_busy_programs_chooses_and_forgets(tmp_path: Path) -> None:
    busy_s = iter([0.0, 1e6])
    choose = dict(usual=2, trials=Trials(tmp_path), key="k", rounds=1)
    number, reason = choose_threads(lambda: None, [1, 2], busy_s=lambda: next(busy_s), **choose)
    assert number in (1, 2) and "not remembered" in reason
    assert Trials(tmp_path).recall("threads", "k") is None


def test_a_model_too_slow_for_a_trial_keeps_the_usual_number(tmp_path: Path) -> None:
    now_s = [0.0]
    frames: list[int] = []

    def frame() -> None:
        frames.append(torch.get_num_threads())
        now_s[0] += 9.0

    choose = dict(usual=2, trials=Trials(tmp_path), key="k", clock=lambda: now_s[0])
    number, reason = choose_threads(frame, [1, 2], **choose)
    assert number == 2 == torch.get_num_threads() and frames == [2] and "9.0 s a frame" in reason


def test_answers_hold_for_one_machine_model_and_size() -> None:
    config = StreamConfig()
    assert stream_key(config) == stream_key(StreamConfig())
    others = [replace(config, width=512), replace(config, slots=1), replace(config, model="another/one")]
    assert len({stream_key(other) for other in [config, *others]} | {stream_key(config, "2.13")}) == 5
    assert machine_key("a") != machine_key("b")


def test_a_damaged_file_of_answers_counts_as_none_and_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("{ half a")
    trials = Trials(tmp_path)
    assert trials.recall("threads", "k") is None
    trials.remember("threads", "k", 3)
    assert json.loads((tmp_path / FILE_NAME).read_text())["threads k"]["answer"] == 3
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


def test_an_answer_holds_for_a_month(tmp_path: Path) -> None:
    now_s = [1e9]
    trials = Trials(tmp_path, clock=lambda: now_s[0])
    trials.remember("threads", "k", 3)
    now_s[0] += 29 * 86400
    assert trials.recall("threads", "k") == 3
    now_s[0] += 2 * 86400
    assert trials.recall("threads", "k") is None


def test_two_engines_keep_each_others_answers(tmp_path: Path) -> None:
    one, other = Trials(tmp_path), Trials(tmp_path)
    one.remember("threads", "a", 1)
    other.remember("threads", "b", 2)
    assert Trials(tmp_path).recall("threads", "a") == 1


def test_a_folder_that_cannot_be_written_is_told_and_nothing_fails(tmp_path: Path) -> None:
    file = tmp_path / "a file, no folder"
    file.touch()
    trials = Trials(file)
    trials.remember("threads", "k", 2)
    assert trials.recall("threads", "k") == 2
    assert "could not be remembered" in trials.complaint


def test_a_process_bound_to_one_core_has_one_choice() -> None:
    if not hasattr(os, "sched_getaffinity"):
        assert sys.platform != "linux"
        return
    assert max(thread_choices(len(os.sched_getaffinity(0)))) <= (os.cpu_count() or 1)
