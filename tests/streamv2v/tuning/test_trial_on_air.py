"""Two forms of a network tried on the frames on air: the faster one stays, and two alike never change places."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from streamv2v.tuning.trial_on_air import CALLS, TrialOnAir


class Clock:
    """Time passes where a form works."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def form(self, name: str, took_s: float) -> Callable[[], str]:
        def work() -> str:
            self.now_s += took_s
            return name

        return work


def answers(trial: TrialOnAir) -> list[str]:
    return [trial() for _ in range(2 * (CALLS + 1))]


@pytest.mark.parametrize(("other_s", "kept"), [(0.05, "other"), (0.097, "plain"), (0.2, "plain")])
def test_the_other_form_is_kept_only_where_it_is_clearly_faster(other_s: float, kept: str) -> None:
    clock = Clock()
    trial = TrialOnAir(clock.form("plain", 0.1), clock.form("other", other_s), clock=clock)
    tried = answers(trial)
    assert tried.count("plain") == tried.count("other") and not trial.trying
    assert trial() == kept == trial.used


def test_under_another_load_it_is_tried_again_and_the_one_in_use_has_to_be_beaten() -> None:
    clock = Clock()
    trial = TrialOnAir(clock.form("plain", 0.1), clock.form("other", 0.097), use="other", clock=clock)
    assert trial() == "other" and not trial.trying
    trial.again()
    answers(trial)
    assert trial.used == "other"  # plain is slower; and 3 % faster it would not have changed places either


def test_a_form_that_fails_is_answered_by_the_plain_one_for_good() -> None:
    def broken() -> str:
        raise RuntimeError("no such instruction")

    trial = TrialOnAir(lambda: "plain", broken)
    assert set(answers(trial)) == {"plain"} and "no such instruction" in trial.failed
    trial.again()
    assert not trial.trying


def test_an_error_of_the_plain_form_is_an_error() -> None:
    def broken() -> str:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        TrialOnAir(broken, broken)()
