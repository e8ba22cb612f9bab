"""How often, with what and with which words an engine is started again."""

from __future__ import annotations

import signal
import sys

import pytest
from streamv2v_cam.engine.child import failure_of
from streamv2v_cam.engine.protocol import TEXT_LIMIT, Failure, FailureKind
from streamv2v_cam.engine.recovery import Recovery, exit_failure

from streamv2v.config import StreamConfig
from streamv2v.errors import ConfigError, ModelError
from streamv2v.models.fallbacks import smaller

CRASH = Failure(FailureKind.CRASH, "the engine failed")
MEMORY = Failure(FailureKind.MEMORY, "out of memory")


def test_the_wait_doubles_up_to_half_a_minute_and_a_stable_minute_clears_it():
    recovery, config = Recovery(1.0), StreamConfig()
    assert [recovery.after(CRASH, config)[0] for _ in range(7)] == [0, 1, 2, 4, 8, 16, 30]
    recovery.ran(59)
    assert recovery.after(CRASH, config)[0] == 30
    recovery.ran(60)
    assert recovery.after(CRASH, config)[0] == 0


def test_lack_of_memory_once_changes_nothing_and_twice_takes_slots_then_size():
    recovery, config = Recovery(), StreamConfig(slots=4, width=512, height=512)
    _, config, reason = recovery.after(MEMORY, config)
    assert (config.slots, config.width, reason) == (4, 512, "out of memory; restarting")
    _, config, reason = recovery.after(MEMORY, config)
    assert (config.slots, reason) == (2, "out of memory; restarting with 2 slots instead of 4")
    _, config, reason = recovery.after(MEMORY, config)
    assert (config.slots, reason) == (1, "out of memory; restarting with 1 slot instead of 2")
    _, config, reason = recovery.after(MEMORY, config)
    assert (config.width, config.height) == (384, 384)
    assert reason == "out of memory; restarting with 384x384 instead of 512x512"


def test_reducing_ends_at_a_small_picture_of_whole_latent_cells():
    config: StreamConfig | None = StreamConfig(slots=1, width=1280, height=720)
    smallest = config
    while config is not None:
        assert config.width % 8 == config.height % 8 == 0
        smallest, config = config, smaller(config)
    assert smallest.height >= 128


def test_at_the_smallest_size_it_goes_on_trying_and_says_so():
    recovery = Recovery(memory_failures=3)
    config = StreamConfig(slots=1, width=128, height=128)
    delay_s, same, reason = recovery.after(MEMORY, config)
    assert same == config and delay_s == 30 and "smallest" in reason


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to be killed by")
def test_a_killed_process_is_named_with_its_signal():
    assert exit_failure(-signal.SIGKILL).reason == "the engine was killed (signal 9, Killed)"
    assert exit_failure(3).reason == "the engine ended by itself (exit code 3)"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to be killed by")
def test_a_process_that_the_system_ended_for_want_of_memory_counts_as_lack_of_memory():
    failure = exit_failure(-signal.SIGKILL, for_memory=True)
    assert failure.kind is FailureKind.MEMORY and "ran out of memory" in failure.reason
    assert exit_failure(-signal.SIGSEGV, for_memory=True).kind is FailureKind.CRASH
    assert exit_failure(3, for_memory=True).kind is FailureKind.CRASH


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ModelError("no U-Net in x"), FailureKind.MODEL, "no U-Net in x"),
        (ConfigError("slots: 9"), FailureKind.MODEL, "slots: 9"),
        (MemoryError(), FailureKind.MEMORY, "out of memory"),
        (RuntimeError("CUDA out of memory. Tried"), FailureKind.MEMORY, "CUDA out of memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), FailureKind.MEMORY, "out of memory: Default"),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory"),
            FailureKind.MEMORY,
            "out of memory: DefaultCPUAllocator: can't",
        ),
        (ModuleNotFoundError("No module named 'torch'"), FailureKind.SETUP, "run the installer again"),
        (ValueError("two\nlines"), FailureKind.CRASH, "ValueError: two lines"),
        (ValueError("x" * 5000), FailureKind.CRASH, "..."),
    ],
)
def test_every_error_becomes_one_line_of_the_right_kind(error, kind, words):
    failure = failure_of(error)
    assert failure.kind is kind
    assert words in failure.reason
    assert "\n" not in failure.reason and len(failure.reason) <= TEXT_LIMIT


def test_only_a_wrong_model_or_setup_makes_a_restart_useless():
    assert [kind.name for kind in FailureKind if kind.permanent] == ["MODEL", "SETUP"]


def test_a_configuration_that_never_drew_a_picture_is_given_up_with_its_third_crash():
    recovery, config = Recovery(), StreamConfig()
    kinds = [recovery.judged(CRASH, config, drew=False).kind for _ in range(3)]
    assert kinds == [FailureKind.CRASH, FailureKind.CRASH, FailureKind.MODEL]
    given_up = [recovery.judged(CRASH, config, drew=False) for _ in range(3)][-1]
    assert given_up.kind.permanent and "3 times before its first picture" in given_up.reason


def test_a_configuration_that_drew_once_is_started_again_for_ever():
    recovery, config = Recovery(), StreamConfig()
    assert not recovery.judged(CRASH, config, drew=True).kind.permanent
    assert not any(recovery.judged(CRASH, config, drew=False).kind.permanent for _ in range(9))
    assert [recovery.judged(CRASH, StreamConfig(slots=4), drew=False).kind.permanent for _ in range(3)][-1]


@pytest.mark.parametrize("kind", [FailureKind.MODEL, FailureKind.SETUP])
def test_a_model_that_drew_and_is_gone_is_waited_for_with_growing_pauses_and_its_reason(kind: FailureKind):
    recovery, config = Recovery(), StreamConfig()
    gone = Failure(kind, "the model's folder is not there")
    assert recovery.judged(gone, config, drew=False).kind is kind
    recovery.judged(CRASH, config, drew=True)
    failures = [recovery.judged(gone, config, drew=False) for _ in range(4)]
    assert {(failure.kind, failure.reason) for failure in failures} == {(FailureKind.CRASH, gone.reason)}
    assert [recovery.after(failure, config)[0] for failure in failures] == [0, 1, 2, 4]
    assert recovery.judged(gone, StreamConfig(slots=4), drew=False).kind is kind


def test_a_model_chosen_live_that_gives_no_more_pictures_gives_way_to_the_one_before_it_and_no_other_does():
    recovery, first, second = Recovery(), StreamConfig(), StreamConfig(model="another")
    recovery.drew(first)
    recovery.drew(second)
    went_on = []
    for drew in (True, False, False, False):
        failure = recovery.judged(CRASH, second, drew=drew)
        assert not failure.kind.permanent
        went_on.append(recovery.after(failure, second)[1])
    assert went_on == [second, second, second, first]
    # and that one, which drew, is started again for ever
    for _ in range(5):
        assert recovery.after(recovery.judged(CRASH, first, drew=False), first)[1] == first


def test_a_model_that_never_drew_and_cannot_be_used_gives_way_at_once():
    recovery, first, second = Recovery(), StreamConfig(), StreamConfig(model="another")
    recovery.drew(first)
    failure = recovery.judged(Failure(FailureKind.MODEL, "it has no U-Net"), second, drew=False)
    assert not failure.kind.permanent
    delay_s, config, reason = recovery.after(failure, second)
    assert (delay_s, config) == (0.0, first) and reason.startswith("it has no U-Net")
