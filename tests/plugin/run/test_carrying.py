"""The engine's size by rate: what a machine carries is seen on air, acted on once, and remembered."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from streamv2v_cam.airstate import EngineState, EngineStatus
from streamv2v_cam.run.carrying import Rate, SizeByRate, carried, remembered_size
from streamv2v_cam.run.sizing import AUTO, EngineSizes, ladder
from streamv2v_cam.settings import load_settings
from streamv2v_cam.telemetry import Telemetry

from streamv2v.config import StreamConfig
from streamv2v.errors import ControlError
from streamv2v.tuning.autotune import Trials

USUAL = (336, 192)
SIZES = ladder(*USUAL)


@pytest.mark.parametrize(
    ("fps", "name"),
    [
        (7.0, "usual"),
        (30.0, "large"),
        (15.0, "larger"),
        (9.0, "usual"),
        (5.0, "medium"),
        (4.0, "small"),
        (0.5, "small"),
    ],
)
def test_a_size_is_kept_while_it_is_near_the_wanted_rate(fps: float, name: str) -> None:
    assert carried(SIZES, Rate(USUAL, fps), 8.0) == name


def test_a_size_that_is_none_of_the_ladder_is_left_for_the_largest_that_carries_the_rate() -> None:
    assert carried(SIZES, Rate((128, 72), 50.0), 8.0) == "usual"


class Machine:
    """An engine that gives a rate for each size, on a clock of its own."""

    def __init__(self, per_pixel: float) -> None:
        self.config = StreamConfig(width=USUAL[0], height=USUAL[1], slots=1)
        self.now_s, self.styled, self.per_pixel = 0.0, 0, per_pixel
        self.progress, self.built = "", []

    @property
    def fps(self) -> float:
        return self.per_pixel / (self.config.width * self.config.height)

    def status(self) -> EngineStatus:
        return EngineStatus(EngineState.RUNNING, progress=self.progress)

    def rebuild(self, config: StreamConfig) -> None:
        self.config = config
        self.built.append((config.width, config.height))

    def figures(self) -> object:
        return replace(Telemetry().snapshot(), styled=self.styled, engine_ms=1000 / self.fps)

    def goes_on(self, follower: SizeByRate, seconds: float) -> None:
        for _ in range(int(seconds * 4)):
            self.now_s += 0.25
            self.styled = int(self.now_s * self.fps)
            follower.follow()


def follower_of(machine: Machine, trials: Trials, *, wanted_fps: float = 8.0, others: float = 0.0) -> SizeByRate:
    return SizeByRate(
        machine,
        SIZES,
        telemetry=machine.figures,
        trials=trials,
        wanted_fps=wanted_fps,
        others=lambda: others,
        clock=lambda: machine.now_s,
    )


def rate_of(fps: float) -> float:
    return fps * USUAL[0] * USUAL[1]


def test_a_slow_machine_gets_a_smaller_size_once_its_engine_is_calm_and_a_start_later_at_once(tmp_path) -> None:
    machine, trials = Machine(rate_of(4.0)), Trials(tmp_path)
    first = machine.config
    follower = follower_of(machine, trials)
    machine.progress = "compiling"
    machine.goes_on(follower, 30)
    assert not machine.built, "what works beside the frames takes of the rate"
    machine.progress = ""
    machine.goes_on(follower, 60)
    assert machine.built == [SIZES["small"]]
    assert "240x136 gives 7.9 a second, 8 wanted" in follower.told
    assert remembered_size(first, SIZES, Trials(tmp_path), 8.0) == SIZES["small"]
    assert remembered_size(first, SIZES, Trials(tmp_path), 1.5) == SIZES["large"], "another rate, another size"
    assert remembered_size(replace(first, slots=2), SIZES, Trials(tmp_path), 8.0) is None, "another machine to it"


def test_a_size_that_turns_out_too_large_is_taken_back_and_nothing_swings(tmp_path) -> None:
    machine = Machine(rate_of(20.0))
    follower = follower_of(machine, Trials(tmp_path))

    def dear(config: StreamConfig) -> None:
        machine.built.append((config.width, config.height))
        machine.config = config
        machine.per_pixel = rate_of(5.0) if config.width > USUAL[0] else rate_of(20.0)

    machine.rebuild = dear
    machine.goes_on(follower, 200)
    assert [size > USUAL for size in machine.built] == [True, False]


def test_what_a_machine_gives_beside_other_programs_is_used_and_not_remembered(tmp_path) -> None:
    machine, trials = Machine(rate_of(4.0)), Trials(tmp_path)
    first = machine.config
    follower = follower_of(machine, trials, others=1.0)
    machine.goes_on(follower, 30)
    assert machine.built == [SIZES["small"]] and "beside other programs" in follower.told
    assert remembered_size(first, SIZES, trials, 8.0) is None


def test_a_size_that_memory_has_chosen_is_left_alone(tmp_path) -> None:
    machine, trials = Machine(rate_of(30.0)), Trials(tmp_path)
    machine.config = replace(machine.config, width=192, height=112)
    follower = follower_of(machine, trials)
    machine.goes_on(follower, 60)
    assert not machine.built and "memory" in follower.told
    assert remembered_size(machine.config, SIZES, trials, 8.0) is None


def test_by_hand_ends_by_rate_and_by_rate_can_be_had_again_with_another_rate(tmp_path) -> None:
    machine = Machine(rate_of(8.0))
    follower = follower_of(machine, Trials(tmp_path))
    sizes = EngineSizes(machine, USUAL, by_rate=follower, wanted_fps=8.0)
    assert [choice.name for choice in sizes.choices() if choice.current] == [AUTO]
    sizes.choose("large")
    assert [choice.name for choice in sizes.choices() if choice.current] == ["large"]
    machine.goes_on(follower, 30)
    assert machine.built == [SIZES["large"]] and not sizes.facts
    chosen = sizes.choose(AUTO, 16.0)
    assert chosen.current and chosen.wanted_fps == 16.0
    machine.goes_on(follower, 30)
    assert machine.built[1:] == [SIZES["small"]] and "16 wanted" in str(sizes.facts["size_by_rate"])
    with pytest.raises(ControlError, match="auto, small, medium"):
        sizes.choose("huge")


def test_a_size_that_was_asked_for_and_a_wanted_rate_of_zero_are_kept_to(tmp_path) -> None:
    from streamv2v_cam.run.sizing import engine_sizes, starting_config

    folder = {"engine.compile_cache": str(tmp_path)}
    by_rate = load_settings(folder)
    usual = starting_config(by_rate)
    assert (usual.width, usual.height) == USUAL, "nothing is known of this machine"
    machine = Machine(rate_of(2.0))
    machine.config = usual
    follower = follower_of(machine, Trials(tmp_path))
    machine.goes_on(follower, 30)
    assert (starting_config(by_rate).width, starting_config(by_rate).height) == SIZES["small"]
    for flags in ({"engine.wanted_fps": 0}, {"engine.width": USUAL[0], "engine.height": USUAL[1]}):
        kept = load_settings(folder | flags)
        assert (starting_config(kept).width, starting_config(kept).height) == USUAL
        engine = SimpleNamespace(config=starting_config(kept))
        sizes = engine_sizes(kept, engine, machine.figures)
        assert [choice.name for choice in sizes.choices() if choice.current] == ["usual"]
        assert sizes.choices()[0].name == AUTO, "it is on offer all the same"
