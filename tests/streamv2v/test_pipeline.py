"""The engine as a user calls it: frames in, frames out, live controls, memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import one_level_unet, tiny_components, tiny_unet

from streamv2v import BankConfig, Controls, FrameError, StreamConfig, StreamV2V

SIDE = 64


def an_engine(
    folder: Path, *, vae: str = "tiny", prediction_type: str = "epsilon", levels: int = 3, **settings: Any
) -> StreamV2V:
    unet = one_level_unet() if levels == 1 else tiny_unet()
    components = tiny_components(folder, vae=vae, prediction_type=prediction_type, unet=unet)
    sharpen(components.vae)
    return StreamV2V(StreamConfig(width=SIDE, height=SIDE, dtype="float32", **settings), components)


@pytest.fixture
def engine_of(tmp_path: Path) -> Callable[..., StreamV2V]:
    return partial(an_engine, tmp_path)


def sharpen(vae: Any) -> None:
    """Random decoders answer almost nothing to their input; make this one answer a lot."""
    with torch.no_grad():
        for name, parameter in vae.named_parameters():
            if parameter.ndim == 4 and name.startswith(("decoder", "encoder")):
                parameter.mul_(3.0)


def frames(count: int, *, seed: int = 0, move: int = 2) -> list[np.ndarray]:
    picture = np.random.default_rng(seed).integers(0, 256, (SIDE // 8, SIDE // 8, 3), dtype=np.uint8)
    big = np.kron(picture, np.ones((8, 8, 1), dtype=np.uint8))
    return [np.roll(big, move * number, axis=1) for number in range(count)]


def test_a_clip_gives_one_picture_per_frame_each_of_its_own_frame(engine_of: Callable[..., StreamV2V]) -> None:
    clip = frames(7)
    batch = list(engine_of(slots=4, bank=BankConfig(kind="off")).translate(clip))
    sequential = list(engine_of(slots=4, sequential=True, bank=BankConfig(kind="off")).translate(clip))
    assert len(batch) == len(sequential) == 7
    for one, other in zip(batch, sequential, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1
    assert np.abs(batch[0].astype(int) - batch[6]).max() > 3


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_clips_shorter_than_the_delay_lose_nothing(engine_of: Callable[..., StreamV2V], count: int) -> None:
    engine = engine_of(slots=4)
    whole = list(engine_of(slots=4, sequential=True, bank=BankConfig(kind="off")).translate(frames(count)))
    got = list(engine.translate(frames(count)))
    assert len(got) == count
    if count:
        assert np.abs(got[0].astype(int) - whole[0]).max() <= 1


def test_a_queue_in_sequence_equals_a_queue_in_the_batch(engine_of: Callable[..., StreamV2V]) -> None:
    """At interval 1 every slot has seen the same history of a frame, only later.

    With a longer queue the later slots of a batch take the first frame in once more each, which weighs in its favour.
    """
    config, controls = BankConfig(kind="queue", queue_length=1), Controls(update_interval=1)
    batch = list(engine_of(slots=3, bank=config).translate(frames(6), controls))
    sequential = list(engine_of(slots=3, sequential=True, bank=config).translate(frames(6), controls))
    for one, other in zip(batch, sequential, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1


@pytest.mark.parametrize("slots", [1, 2, 8])
def test_the_first_picture_is_already_whole(engine_of: Callable[..., StreamV2V], slots: int) -> None:
    clip = frames(1)
    plain = engine_of(slots=slots, sequential=True, bank=BankConfig(kind="off"))(clip[0])
    first = engine_of(slots=slots)(clip[0])
    assert np.abs(first.astype(int) - plain).max() <= 1


@pytest.mark.parametrize("guidance", ["none", "full", "self", "initialize"])
@pytest.mark.parametrize("sequential", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("prediction_type", ["epsilon", pytest.param("v_prediction", marks=pytest.mark.slow)])
def test_every_guidance_survives_a_prompt_change(
    engine_of: Callable[..., StreamV2V], guidance: str, sequential: bool, prediction_type: str
) -> None:
    engine = engine_of(slots=3, guidance=guidance, sequential=sequential, prediction_type=prediction_type, levels=1)
    look = Controls(prompt="red night", guidance_scale=2.0, strength=0.8, transition_s=0.0)
    clip = frames(5, move=0)
    before = [engine(frame, look) for frame in clip][-1]
    after = [engine(frame, look.patched({"prompt": "oil painting"})) for frame in clip][-1]
    again = [engine(frame, look) for frame in clip][-1]
    assert np.isfinite(before).all()
    assert np.abs(before.astype(int) - after).max() > 0
    assert np.abs(before.astype(int) - again).mean() <= np.abs(before.astype(int) - after).mean()


def test_guidance_scale_one_is_no_guidance(engine_of: Callable[..., StreamV2V]) -> None:
    clip, look = frames(4), Controls(strength=0.7)
    plain = list(engine_of(guidance="none").translate(clip, look))
    for guidance in ("full", "self", "initialize"):
        guided = list(engine_of(guidance=guidance).translate(clip, look))
        assert max(np.abs(a.astype(int) - b).max() for a, b in zip(plain, guided, strict=True)) <= 1


CHANGES = [
    {"prompt": "oil painting"},
    {"blend": (("blue night", 3.0),)},
    {"negative_prompt": "blue"},
    {"strength": 0.2},
    {"guidance_scale": 4.0},
    {"guidance_delta": 0.3},
    {"seed": 99},
    {"bank_weight": 4.0},
    {"fusion_strength": 0.1},
    {"fusion_threshold": 0.999},
    {"update_interval": 1},
]


@pytest.fixture(scope="module")
def kept_by(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[StreamV2V, Controls, torch.Tensor]]:
    """An engine with this guidance, a look, and what is in flight where the look is kept; the same one each time."""

    @cache
    def build(guidance: str) -> tuple[StreamV2V, Controls, torch.Tensor]:
        engine = an_engine(tmp_path_factory.mktemp("tiny"), slots=2, guidance=guidance)
        look = Controls(strength=0.9, transition_s=0.0, bank_change="keep", guidance_scale=2.0, update_interval=3)
        look = look.patched({"fusion_threshold": -1.0})
        return engine, look, run_latents(engine, look, look)

    return build


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_every_live_control_changes_the_picture_and_rebuilds_nothing(
    kept_by: Callable[[str], tuple[StreamV2V, Controls, torch.Tensor]], change: dict[str, Any]
) -> None:
    guidance = "initialize" if next(iter(change)).startswith(("guidance", "negative")) else "none"
    engine, look, kept = kept_by(guidance)
    before = buffers(engine)
    assert not torch.equal(kept, run_latents(engine, look, look.patched(change)))
    assert buffers(engine) == before, "a buffer moved"
    torch.testing.assert_close(run_latents(engine, look, look), kept, msg="the same controls gave another picture")


def run_latents(engine: StreamV2V, first: Controls, then: Controls) -> torch.Tensor:
    """What is in flight after two frames with one look and four with another."""
    engine.reset()
    for number, frame in enumerate(frames(7, move=5)):
        engine(frame, first if number < 3 else then, now_s=float(number))
    return engine._stream._clean.clone()


def buffers(engine: StreamV2V) -> list[int]:
    stream, schedule = engine._stream, engine._schedule
    assert engine.bank is not None and stream._text is not None
    tensors = [stream._clean, stream.noise, stream._text, schedule.timesteps, schedule.signal]
    for layer in engine.bank.layers:
        tensors += layer.state
    return [tensor.data_ptr() for tensor in tensors]


def test_a_dragged_strength_acts_on_the_very_next_frame(engine_of: Callable[..., StreamV2V]) -> None:
    engine, clip = engine_of(slots=4, bank=BankConfig(kind="off")), frames(6, move=0)
    for frame in clip:
        engine(frame, Controls(strength=0.9))
    zero = engine(clip[0], Controls(strength=0.0))
    direct = engine_of(slots=1, bank=BankConfig(kind="off"))(clip[0], Controls(strength=0.0))
    settled = [engine(frame, Controls(strength=0.0)) for frame in clip][-1]
    assert np.abs(settled.astype(int) - direct).max() <= 1
    assert np.isfinite(zero).all()


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["paper", "queue"])
def test_the_bank_costs_the_same_memory_after_so_many_frames(
    engine_of: Callable[..., StreamV2V], kind: str, count: int
) -> None:
    engine = engine_of(slots=1, bank=BankConfig(kind=kind), levels=1)
    clip = frames(10)
    engine(clip[0])
    before, addresses = engine.facts()["bank_bytes"], buffers(engine)
    for number in range(count):
        engine(clip[number % 10], Controls(update_interval=2))
    assert engine.facts()["bank_bytes"] == before > 0
    assert buffers(engine) == addresses


def test_the_same_clip_twice_gives_the_same_pictures(engine_of: Callable[..., StreamV2V]) -> None:
    engine = engine_of(slots=2)
    runs = [list(engine.translate(frames(9), Controls(update_interval=2))) for _ in range(2)]
    assert all(np.array_equal(a, b) for a, b in zip(*runs, strict=True))


def test_prompts_are_encoded_once_and_never_per_frame(engine_of: Callable[..., StreamV2V]) -> None:
    engine = engine_of()
    for number, frame in enumerate(frames(12)):
        engine(frame, Controls(prompt=("red", "blue")[number // 3 % 2]))
    assert engine.facts()["prompts_encoded"] == 3, "two prompts and the empty negative one"


def test_a_transition_glides_and_arrives(engine_of: Callable[..., StreamV2V]) -> None:
    engine = engine_of(slots=1, bank=BankConfig(kind="off"))
    frame = frames(1)[0]
    texts = []
    for now_s in (0.0, 1.0, 1.5, 2.0, 3.0, 4.0):
        prompt = "red" if now_s < 1.0 else "blue"
        engine(frame, Controls(prompt=prompt, transition_s=2.0), now_s=now_s)
        assert engine._stream._text is not None
        texts.append(engine._stream._text.clone())
    red, blue = texts[0], texts[-1]
    shares = [float(((text - red) * (blue - red)).sum() / (blue - red).square().sum()) for text in texts]
    assert shares == pytest.approx([0.0, 0.0, 0.15625, 0.5, 1.0, 1.0], abs=1e-5)


@pytest.mark.parametrize("kind", ["fade", "reset", "keep"])
def test_a_prompt_change_treats_the_bank_as_asked(engine_of: Callable[..., StreamV2V], kind: str) -> None:
    engine, clip = engine_of(slots=1), frames(14, move=0)
    refills = []
    for number, frame in enumerate(clip):
        assert engine.bank is not None
        prompt = "red" if number < 4 else "blue"
        engine(frame, Controls(prompt=prompt, transition_s=0.0, bank_change=kind), now_s=float(number))
        refills.append(engine.bank.frame == 0)
    wanted = {"fade": [0, 7], "reset": [0, 4], "keep": [0]}[kind]
    assert [number for number, refilled in enumerate(refills) if refilled] == wanted


def test_a_scene_cut_refills_the_bank(engine_of: Callable[..., StreamV2V]) -> None:
    engine = engine_of(slots=2)
    dark, bright = np.full((SIDE, SIDE, 3), 20, np.uint8), np.full((SIDE, SIDE, 3), 230, np.uint8)
    for frame in [dark, dark, dark, bright, bright, bright]:
        engine(frame)
    assert engine.cuts == 1
    assert engine.bank is not None and engine.bank.frame == 1, "two fills, one for each slot, then one frame"


def test_a_still_picture_is_repeated_only_once_all_slots_hold_it(engine_of: Callable[..., StreamV2V]) -> None:
    engine = engine_of(slots=3)
    controls = Controls(still_threshold=2.0)
    moving, still = frames(3, move=9), frames(1, seed=4)[0]
    for frame in moving:
        engine(frame, controls)
    pictures = [engine(still, controls) for _ in range(6)]
    assert engine.repeats == 3
    direct = engine_of(slots=3, sequential=True, bank=BankConfig(kind="off"))(still)
    assert np.array_equal(pictures[-1], pictures[2])
    assert np.abs(pictures[-1].astype(int) - direct).mean() < np.abs(pictures[0].astype(int) - direct).mean() + 1
    engine(still, controls.patched({"strength": 0.9}))
    assert engine.repeats == 3, "new controls end the repeating"


@pytest.mark.parametrize("wrong", ["text", np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)])
def test_a_frame_of_another_kind_is_refused_in_words(engine_of: Callable[..., StreamV2V], wrong: Any) -> None:
    with pytest.raises(FrameError, match=r"uint8 \[H, W, 3\]"):
        engine_of()(wrong)


def test_a_full_vae_works_like_a_tiny_one(engine_of: Callable[..., StreamV2V]) -> None:
    pictures = list(engine_of(vae="kl").translate(frames(4)))
    assert [picture.shape for picture in pictures] == [(SIDE, SIDE, 3)] * 4


def test_frames_of_any_size_come_out_in_the_engines_size(engine_of: Callable[..., StreamV2V]) -> None:
    big = np.random.default_rng(0).integers(0, 256, (100, 180, 3), dtype=np.uint8)
    assert engine_of()(big).shape == (SIDE, SIDE, 3)
