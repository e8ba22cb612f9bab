"""Training for the bank: pairs of frames, the attention that reads them, and how it begins."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from training.architecture import make_scheduler, make_unet
from training.autoencoder import start_autoencoder
from training.data import STYLES, Cache
from training.denoiser import make_trained
from training.export import export_folder
from training.latents import latent_batch
from training.recognising import (
    begin_as_recognition,
    first_attention,
    hold_first_attention,
    silence_the_bypass,
    telling_code,
)
from training.remembering import PairAttention, remember_pairs, steadiness_loss
from training.start import given_autoencoder, has_first_attention, take_over
from training.tokenizer import make_tokenizer
from training.webcam import filmed

CELLS, SIZE = 4, 64


MOTIONS = {"still": 0.4, "cells": 0.2, "pixels": 0.1, "zoom": 0.1, "cut": 0.2}
"""More that moves than a training shows, so that few pairs hold every kind."""


@pytest.fixture(scope="module")
def cache() -> Cache:
    """Six crops of smooth noise; targets are the crops inverted, so that a pair's target tells its place."""
    rng = np.random.default_rng(3)
    sources = rng.integers(0, 256, (6, SIZE, SIZE, 3), np.uint8)
    targets = np.repeat(255 - sources[:, None], len(STYLES), axis=1)
    styles = np.tile(np.arange(len(STYLES), dtype=np.uint8), (6, 1))
    return Cache(sources, targets, styles, np.zeros((6, 4), np.float32))


@pytest.fixture(scope="module")
def batch(cache: Cache):
    vae = start_autoencoder(cache, seed=0)
    return latent_batch([cache], vae, np.random.default_rng(1), pairs=96, cells=CELLS, motions=MOTIONS)


def test_where_a_pair_shows_one_place_the_later_frame_is_the_earlier_one_moved(batch) -> None:
    checked = moved = 0
    for i in torch.nonzero(batch.same[1]).flatten().tolist():
        down, right = batch.shift[1, i].tolist()
        earlier, later = batch.pixels[0, i, 0], batch.pixels[1, i, 0]
        rows, columns = 8 * (CELLS - abs(down)), 8 * (CELLS - abs(right))
        if rows <= 0 or columns <= 0:
            continue
        seen = earlier[:, 8 * max(down, 0) :, 8 * max(right, 0) :][:, :rows, :columns]
        again = later[:, 8 * max(-down, 0) :, 8 * max(-right, 0) :][:, :rows, :columns]
        torch.testing.assert_close(seen, again)
        checked, moved = checked + 1, moved + bool(down or right)
    assert checked > 40 and moved > 5


def test_both_frames_of_a_still_pair_have_noise_of_their_own_and_one_target(batch) -> None:
    still = batch.same[1] & (batch.shift[1] == 0).all(dim=-1)
    assert still.sum() > 20
    assert torch.equal(batch.target[0, still], batch.target[1, still])
    different = (batch.seen[0, still] != batch.seen[1, still]).flatten(1).any(dim=1)
    assert different.float().mean() > 0.9


def test_after_a_cut_the_later_frame_is_another_picture(batch) -> None:
    others = ~batch.same[1]
    gaps = (batch.source[0, others] - batch.source[1, others]).abs().flatten(1).mean(dim=1)
    assert (gaps > 0.1).sum() >= 3


def test_a_filmed_picture_has_the_noise_that_was_asked_for() -> None:
    rng, grey = np.random.default_rng(0), np.full((128, 128, 3), 120, np.uint8)
    np.testing.assert_array_equal(filmed(grey, rng, grain=0, blotches=0, quality=0), grey)
    frame = filmed(grey, rng, grain=5, blotches=0, quality=0)
    assert abs(float(frame.std()) - 5) < 0.2
    coded = filmed(frame, rng, grain=0, blotches=0, quality=60)
    assert coded.std() < frame.std() and not np.array_equal(coded, frame)


def draw(unet, earlier: torch.Tensor, later: torch.Tensor) -> torch.Tensor:
    words = torch.zeros(2, 4, 128)
    with torch.no_grad():
        return unet(torch.cat([earlier, later]), torch.tensor(300), encoder_hidden_states=words).sample


def test_a_pair_of_equal_frames_is_drawn_as_without_a_bank_and_another_past_changes_the_later_one_only() -> None:
    torch.manual_seed(0)
    unet = make_unet(widths=(32, 32, 32)).eval()
    frame, past = torch.randn(1, 16, 8, 8), torch.randn(1, 16, 8, 8)
    plain = draw(unet, frame, frame)
    remember_pairs(unet)
    torch.testing.assert_close(draw(unet, frame, frame), plain, rtol=1e-4, atol=1e-4)
    drawn = draw(unet, past, frame)
    torch.testing.assert_close(draw(unet, past, past)[0], drawn[0], rtol=1e-4, atol=1e-4)
    assert (drawn[1] - plain[1]).abs().max() > 1e-3


def test_weights_and_merging_are_drawn_for_each_step_and_change_the_later_frame() -> None:
    torch.manual_seed(0)
    unet = make_unet(widths=(32, 32, 32)).eval()
    pairs = remember_pairs(unet)
    frame, past = torch.randn(1, 16, 8, 8), torch.randn(1, 16, 8, 8)
    whole, seen = draw(unet, past, frame), set()
    for seed in range(12):
        pairs.set(np.random.default_rng(seed), torch.Generator().manual_seed(seed))
        drawn = draw(unet, past, frame)
        torch.testing.assert_close(drawn[0], whole[0], rtol=1e-4, atol=1e-4)
        seen.add(round(float((drawn[1] - whole[1]).abs().mean()), 6))
    assert len(seen) > 4
    assert isinstance(first_attention(unet).transformer_blocks[0].attn1.processor, PairAttention)


def test_steadiness_asks_only_that_one_place_is_drawn_alike() -> None:
    earlier = torch.randn(3, 2, 6, 6)
    later = torch.roll(earlier, shifts=(-1, 2), dims=(2, 3))
    later[2] += 1
    shift, same = torch.tensor([[1, -2]] * 3), torch.tensor([True, True, False])
    answer = torch.stack([earlier, later]).requires_grad_()
    loss = steadiness_loss(answer, shift, same)
    assert float(loss.detach()) == 0
    loss = steadiness_loss(answer, shift, torch.tensor([True, True, True]))
    loss.backward()
    assert float(loss.detach()) > 0.1
    assert answer.grad is not None and answer.grad[0].abs().max() == 0 and answer.grad[1, 2].abs().max() > 0


def test_the_first_attention_passes_a_frame_as_it_is_and_takes_noise_away_with_a_past() -> None:
    torch.manual_seed(0)
    unet = make_unet(widths=(96, 32, 32)).eval()
    layer = first_attention(unet)
    clean = torch.randn(1, 96, 16, 16)
    noisy = [clean + 0.2 * torch.randn(1, 96, 16, 16) for _ in range(3)]
    tokens = layer.norm(torch.cat(noisy[:2])).flatten(2).transpose(1, 2).detach()
    groups = torch.cat(noisy[:2]).unflatten(1, (layer.norm.num_groups, -1)).std(dim=(2, 3, 4)).mean(dim=0)
    begin_as_recognition(unet, tokens, groups.repeat_interleave(96 // layer.norm.num_groups))
    words = torch.zeros(2, 4, 128)
    with torch.no_grad():
        alone = layer(torch.cat(noisy[:2]), encoder_hidden_states=words).sample
        assert torch.cosine_similarity(alone[0].flatten(), noisy[0].flatten(), dim=0) > 0.95
        remember_pairs(unet)
        with_past = [layer(torch.cat([noisy[2], frame]), encoder_hidden_states=words).sample[1] for frame in noisy[:2]]
    without = (alone[0] - alone[1]).std()
    assert (with_past[0] - with_past[1]).std() < 0.75 * without


def test_the_code_holds_places_apart_and_leaves_out_what_the_camera_adds() -> None:
    generator = torch.Generator().manual_seed(0)
    places = torch.randn(400, 12, generator=generator)
    camera = torch.zeros(2, 400, 12)
    camera[..., 0] = 3 * torch.randn(2, 400, generator=generator)
    tokens = places + camera
    into, back = telling_code(tokens, 1 - 2 * (torch.arange(12) % 2).double())
    weight = into.square().sum(dim=0)
    assert weight[0] < 0.1 * weight[1:].min()
    carried = (back @ into @ tokens[0].double().T).T
    assert (carried - tokens[0])[:, 1:].abs().mean() < 0.3 * tokens[0, :, 1:].abs().mean()


def test_nothing_passes_the_first_attention_by_not_even_after_a_step_of_training() -> None:
    torch.manual_seed(0)
    unet = make_unet(widths=(32, 32, 32))
    silence_the_bypass(unet)
    optimiser = torch.optim.AdamW(unet.parameters(), lr=1e-2)
    answer = unet(torch.randn(1, 16, 8, 8), torch.tensor(300), encoder_hidden_states=torch.zeros(1, 4, 128)).sample
    answer.square().mean().backward()
    optimiser.step()
    last = unet.up_blocks[-1].resnets[-1]
    assert last.conv1.weight[:, -32:].abs().max() == 0 and last.conv_shortcut.weight[:, -32:].abs().max() == 0
    assert last.conv1.weight[:, :32].abs().max() > 0


def test_going_on_from_an_exported_model_begins_with_its_weights(cache: Cache, tmp_path) -> None:
    vae, tokenizer = start_autoencoder(cache, seed=0), make_tokenizer()
    old = make_trained(vae, tokenizer, seed=1)
    export_folder(
        tmp_path / "model",
        unet=old.unet,
        vae=vae,
        text_encoder=old.text_encoder,
        tokenizer=tokenizer,
        scheduler=make_scheduler(),
    )
    new = make_trained(given_autoencoder(tmp_path / "model"), tokenizer, seed=2)
    take_over(new, tmp_path / "model", tokenizer)
    assert has_first_attention(tmp_path / "model")
    for name in ("unet", "text_encoder", "decoder"):
        before, after = old.states()[name], new.states()[name]
        assert all(torch.equal(before[k].half().float(), after[k]) for k in before), name


def test_a_held_attention_stays_as_it_was_computed_while_the_rest_learns() -> None:
    torch.manual_seed(0)
    unet = make_unet(widths=(32, 32, 32))
    hold_first_attention(unet)
    block = first_attention(unet).transformer_blocks[0]
    before = {name: value.clone() for name, value in unet.state_dict().items()}
    optimiser = torch.optim.AdamW(unet.parameters(), lr=1e-2)
    answer = unet(torch.randn(1, 16, 8, 8), torch.tensor(300), encoder_hidden_states=torch.randn(1, 4, 128)).sample
    answer.square().mean().backward()
    optimiser.step()
    held = ("proj_in", "proj_out", "norm.", "norm1", "attn1")
    inside = "down_blocks.0.attentions.0."
    for name, value in unet.state_dict().items():
        if name.startswith(inside) and any(part in name for part in held):
            assert torch.equal(value, before[name]), name
    assert not torch.equal(block.ff.net[2].weight, before[inside + "transformer_blocks.0.ff.net.2.weight"])
    assert not torch.equal(unet.conv_out.weight, before["conv_out.weight"])
