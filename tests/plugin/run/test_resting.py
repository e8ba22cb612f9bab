"""Which controls do nothing follows from what the run is built of and from what is set."""

from __future__ import annotations

from streamv2v_cam.run.resting import resting_controls

from streamv2v.config import BankConfig, StreamConfig
from streamv2v.controls import CONTROL_NAMES, Controls
from streamv2v.steering import Structure


def resting(controls: Controls | None = None, **config) -> set[str]:
    found = resting_controls(StreamConfig(**config), controls or Controls())
    assert set(found) <= set(CONTROL_NAMES) and all(found.values())
    return set(found)


def test_without_guidance_what_steers_it_does_nothing():
    guided = {"negative_prompt", "guidance_scale", "guidance_delta"}
    assert guided <= resting()
    assert resting(guidance="full") & guided == {"negative_prompt"}, "the pull wakes it"
    assert not resting(Controls(guidance_scale=2.0), guidance="full") & guided


def test_without_a_memory_its_sliders_do_nothing():
    assert {"bank_weight", "fusion_strength", "update_interval"} <= resting(bank=BankConfig(kind="off"))
    assert "bank_weight" not in resting()
    assert {"fusion_strength"} <= resting(bank=BankConfig(fusion=False))


STEERING = {"structure_weight", "structure_weight_2", "structure_weight_3", "structure_interval"}
FOLLOWING = {"reference", "reference_blend", "reference_weight"}


def test_without_structure_networks_and_adapters_their_controls_do_nothing_and_say_what_would_help():
    assert resting() >= STEERING | FOLLOWING
    words = resting_controls(StreamConfig(), Controls())
    assert all("embedded model" in words[name] for name in STEERING | FOLLOWING)
    words = resting_controls(StreamConfig(model="./sd15"), Controls())
    assert "engine.structure" in words["structure_weight"] and "engine.ip_adapter" in words["reference"]


def test_as_many_networks_as_there_are_have_a_weight_that_acts():
    two = {"model": "./sd15", "structure": (Structure("canny"), Structure("tile"))}
    assert resting(**two) & STEERING == {"structure_weight_3"}
    off = Controls(structure_weight=0, structure_weight_2=0)
    assert resting(off, **two) & STEERING == {"structure_weight_3", "structure_interval"}
    told = resting_controls(StreamConfig(), Controls(), facts={"server": "gpu", "structure": ["one (canny)"]})
    assert "structure_weight" not in told and "structure_weight_2" in told, "an engine elsewhere has its own"


def test_a_weight_of_a_picture_acts_where_a_picture_is_followed_and_never_elsewhere():
    able = {"model": "./sd15", "ip_adapter": "a.safetensors"}
    assert resting(**able) & FOLLOWING == {"reference_weight", "reference_blend"}
    assert not resting(Controls(reference="a.png"), **able) & FOLLOWING
    told = resting_controls(StreamConfig(**able), Controls(reference="a.png"), facts={"server": "gpu"})
    assert set(told) >= FOLLOWING and "stay on this one" in told["reference"]


def test_what_needs_several_steps_or_a_cut_says_so():
    several = {"bank_noise_tilt", "step_spread"}
    assert several <= resting(slots=1)
    assert not several & resting(slots=2)
    assert "pan_x" in resting(Controls(fit="fit"))
    assert "pan_x" not in resting(Controls(fit="fit", zoom=2.0))


def test_detail_does_nothing_where_nothing_may_come_from_the_camera_or_nothing_moves():
    plain = StreamConfig()
    assert not resting(Controls(detail=0.5)) & {"detail", "borrow"}
    assert resting(Controls(borrow=False)) & {"detail", "borrow"} == {"detail"}, "borrow itself can be allowed again"
    assert {"detail", "borrow"} <= resting(Controls(motion="hold"))
    sealed = resting_controls(plain, Controls(), may_borrow=False)
    assert "publish.borrow" in sealed["detail"] and "borrow" in sealed
