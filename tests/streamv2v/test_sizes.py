"""Pictures of the shapes that people broadcast, through a U-Net of the family's depth: three halvings of the latent.

640x360 has a latent of 80x45 cells, which halves to 40x23, 20x12 and 10x6: the way up must not come
out at 48 rows.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from changing import clip
from tiny import tiny_components, tiny_unet

from streamv2v import BankConfig, Controls, StreamConfig, StreamV2V
from streamv2v.config import BEST_CONTROLS

SIZES = [(512, 288), (72, 104)]
LARGE = [pytest.param(*size, marks=pytest.mark.slow) for size in ((640, 360), (768, 432), (512, 512), (768, 768))]


def four_levels() -> torch.nn.Module:
    return tiny_unet(
        block_out_channels=(8, 8, 16, 16),
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    )


@pytest.mark.parametrize(("width", "height"), [*SIZES, *LARGE], ids=str)
def test_a_picture_of_that_size_comes_out_and_the_bank_takes_it_in(width: int, height: int, tmp_path: Path) -> None:
    components = replace(tiny_components(tmp_path), unet=four_levels())
    config = StreamConfig(width=width, height=height, slots=1, dtype="float32", bank=BankConfig.best())
    engine = StreamV2V(config, components)
    look = Controls(update_interval=1, bank_noise_tilt=0.5).patched(BEST_CONTROLS)
    pictures = [engine(frame, look) for frame in clip(2, width=width, height=height)]
    assert [picture.shape for picture in pictures] == [(height, width, 3)] * 2
    assert pictures[0].std() > 0
    assert engine.bank is not None and engine.bank.gates is not None
    assert engine.bank.layers[0].tokens == width * height // 64
    assert sum(layer.updates for layer in engine.bank.layers) > 0
    rows = slice(0, 1)
    off_the_grids = [layer.name for layer in engine.bank.layers if engine.bank.gates.kept(layer.tokens, rows) is None]
    assert not off_the_grids, "each layer's tokens have weights of their own"
