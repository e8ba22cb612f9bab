"""Several streams on one copy of the weights give what each would give alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamv2v_cam.engine.worker_shared import SharedModel, over_the_same_weights
from tiny import save_tiny_model, tiny_unet

from streamv2v import Controls, StreamConfig, StreamV2V


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> SharedModel:
    folder = save_tiny_model(tmp_path_factory.mktemp("model"))
    return SharedModel(StreamConfig(model=str(folder), width=64, height=64, device="cpu", compile_cache=None))


def silent(*_: object) -> None:
    pass


def frames(seed: int) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).integers(0, 256, (4, 64, 64, 3), np.uint8))


def test_sessions_that_take_turns_draw_what_each_draws_alone(model: SharedModel) -> None:
    config = model.components.facts and StreamConfig(
        model="any", width=64, height=64, device="cpu", acceleration="none", compile_cache=None
    )
    looks = Controls(prompt="a red man", seed=1), Controls(prompt="oil painting", seed=5)
    alone = []
    for number, look in enumerate(looks):
        with StreamV2V(config, model.components) as engine:
            engine.warm_up()
            alone.append([engine(frame, look, now_s=0.0) for frame in frames(number)])
    engines = [model.engine(config, silent) for _ in looks]
    for step, both in enumerate(zip(frames(0), frames(1), strict=True)):
        for engine, frame, look, expected in zip(engines, both, looks, alone, strict=True):
            assert (engine(frame, look, now_s=0.0) == expected[step]).all()
    for engine in engines:
        engine.close()


def test_a_further_session_has_no_weight_of_its_own(model: SharedModel) -> None:
    config = StreamConfig(model="any", width=64, height=64, device="cpu", compile_cache=None)
    one, other = model.engine(config, silent), model.engine(config, silent)
    pairs = zip(one.components.unet.parameters(), other.components.unet.parameters(), strict=True)
    assert all(first.data_ptr() == second.data_ptr() for first, second in pairs)
    assert one.components.vae is other.components.vae and one.bank is not other.bank
    one.close()
    other.close()


def test_the_copy_has_attention_of_its_own() -> None:
    network = tiny_unet()
    copied = over_the_same_weights(network)
    name = next(iter(network.attn_processors))
    assert copied.attn_processors[name] is not network.attn_processors[name]
    assert copied.config == network.config


def test_what_memory_has_no_room_for_is_refused_before_anything_is_built(model: SharedModel) -> None:
    config = StreamConfig(model="any", width=64, height=64, device="cpu", compile_cache=None)
    assert model.refuses(config, []) == ""
    huge = StreamConfig(model="any", width=2048, height=2048, device="cpu", compile_cache=None)
    free, model.free_bytes = model.free_bytes, 600 << 20
    try:
        assert "no memory for one more beside 2" in model.refuses(huge, [config, config])
    finally:
        model.free_bytes = free


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    from streamv2v.errors import ModelError

    with pytest.raises(ModelError):
        SharedModel(StreamConfig(model=str(tmp_path / "none"), device="cpu"))
