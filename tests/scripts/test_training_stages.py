"""Training the embedded model: resuming, seeds, the computed encoder and the exported folder."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline
from train_embedded import main
from training.architecture import make_scheduler, signal_and_noise
from training.autoencoder import start_autoencoder, train_autoencoder
from training.data import Cache
from training.denoiser import DenoiserOptions, make_trained, train_denoiser
from training.export import LIMIT_BYTES, export_folder
from training.finishing import finish_decoder, go_towards
from training.imitating import smaller_autoencoder, train_smaller_decoder
from training.latents import CELL, encode
from training.losses import lattice_excess, picture_strokes
from training.sheet import HEADING, draw_sheet
from training.stage import load_checkpoint
from training.strokes import stroke_energy
from training.team import Member
from training.tokenizer import make_tokenizer

from streamv2v.config import EMBEDDED_FOLDER
from streamv2v.models.last_upsampling import fold_last_upsampling

CPU = torch.device("cpu")
TINY = DenoiserOptions(steps=4, seed=5, batch=4, later=2, cells=4, decoded=0.5, save_every=2)


@dataclass(frozen=True)
class Interrupted(Member):
    """A member of a team whose machine is switched off in the middle of its third step."""

    calls: list[int] = field(default_factory=list)

    def average_gradients(self, parameters) -> None:
        self.calls.append(1)
        if len(self.calls) == 3:
            raise KeyboardInterrupt


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def train(cache: Cache, path: Path, member: Member, *, seed: int = 0) -> dict[str, torch.Tensor]:
    vae, tokenizer = start_autoencoder(cache, seed=0), make_tokenizer()
    fast = make_trained(vae, tokenizer, seed=seed)
    trained = train_denoiser([cache], vae, fast, tokenizer, path, TINY, device=CPU, member=member)
    return {f"{part}.{k}": v for part, state in trained.states().items() for k, v in state.items()}


@pytest.fixture(scope="module")
def whole(cache: Cache, tmp_path_factory) -> dict[str, torch.Tensor]:
    """The weights of a run that nothing interrupted."""
    return train(cache, tmp_path_factory.mktemp("whole") / "whole.pt", Member())


def test_the_encoder_is_linear_and_the_untrained_decoder_knows_colours(cache: Cache) -> None:
    vae = start_autoencoder(cache, seed=0)
    pictures = torch.from_numpy(np.array(cache.sources[:2])).permute(0, 3, 1, 2).float() / 127.5 - 1
    one, two = pictures[:1], pictures[1:]
    middle = encode(vae, 0.5 * one + 0.5 * two)
    torch.testing.assert_close(middle, 0.5 * encode(vae, one) + 0.5 * encode(vae, two), rtol=0, atol=1e-4)
    with torch.no_grad():
        drawn = vae.decoder(vae.encoder(one))
    pooled = [torch.nn.functional.avg_pool2d(p, 16) for p in (drawn, one)]
    assert (pooled[0] - pooled[1]).abs().mean() < 0.15


def test_the_noise_never_buries_the_picture() -> None:
    signal, spread = signal_and_noise()
    assert signal.min() > 0.95 and spread.max() < 0.35
    assert 0.1 < spread[500] < 0.2


@pytest.mark.slow
def test_an_interrupted_run_ends_with_the_very_same_weights(
    cache: Cache, whole: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(cache, tmp_path / "broken.pt", Interrupted())
    # A resumed run starts from the checkpoint, whatever networks it is given.
    assert same(whole, train(cache, tmp_path / "broken.pt", Member(), seed=77))


@pytest.mark.slow
def test_another_seed_gives_other_weights(cache: Cache, whole: dict[str, torch.Tensor], tmp_path: Path) -> None:
    assert not same(whole, train(cache, tmp_path / "two.pt", Member(), seed=1))


def test_the_decoder_resumes_to_the_very_same_weights_and_gets_better(cache: Cache, tmp_path: Path) -> None:
    options = dict(steps=6, seed=2, device=CPU, batch=2, crop=32, save_every=2)
    whole = train_autoencoder(cache, tmp_path / "whole", member=Member(), **options)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        train_autoencoder(cache, tmp_path / "broken", member=Interrupted(), **options)  # type: ignore[arg-type]
    again = train_autoencoder(cache, tmp_path / "broken", member=Member(), **options)  # type: ignore[arg-type]
    assert same(whole.state_dict(), again.state_dict())
    assert not same(whole.decoder.state_dict(), start_autoencoder(cache, seed=2).decoder.state_dict())


def an_older_autoencoder(cache: Cache) -> AutoencoderTiny:
    """One with a block at the size of the picture, as the first models had it."""
    vae = start_autoencoder(cache, seed=0)
    torch.manual_seed(4)
    old = AutoencoderTiny.from_config({**vae.config, "num_decoder_blocks": (3, 2, 1, 1)})
    assert isinstance(old, AutoencoderTiny)
    old.encoder.load_state_dict(vae.encoder.state_dict())
    return old


def test_a_smaller_decoder_begins_with_all_that_it_can_take_over(cache: Cache) -> None:
    old = an_older_autoencoder(cache)
    small = smaller_autoencoder(old, seed=0)
    latent = torch.randn(1, 16, 4, 4)
    features = []
    for decoder in (old.decoder, small.decoder):
        enlargements = [i for i, layer in enumerate(decoder.layers) if isinstance(layer, torch.nn.Upsample)]
        features.append(decoder.layers[: enlargements[-1]](latent))
    torch.testing.assert_close(features[1], features[0])
    assert same(small.encoder.state_dict(), old.encoder.state_dict())
    assert sum(p.numel() for p in small.decoder.parameters()) < 1.3 * sum(p.numel() for p in old.decoder.parameters())


@pytest.mark.slow
def test_a_smaller_decoder_resumes_to_the_very_same_weights_and_holds_its_last_enlargement(
    cache: Cache, tmp_path: Path
) -> None:
    tokenizer = make_tokenizer()

    def run(name: str, member: Member) -> AutoencoderTiny:
        old = an_older_autoencoder(cache)
        trained = make_trained(old, tokenizer, seed=0)
        options = {"steps": 4, "seed": 3, "device": CPU, "batch": 4, "cells": 4, "save_every": 2}
        return train_smaller_decoder([cache], old, trained, tokenizer, tmp_path / name, member=member, **options)

    whole = run("whole.pt", Member())
    with pytest.raises(KeyboardInterrupt):
        run("broken.pt", Interrupted())
    again = run("broken.pt", Member())
    assert same(whole.state_dict(), again.state_dict())
    assert not same(
        whole.decoder.state_dict(), smaller_autoencoder(an_older_autoencoder(cache), seed=3).decoder.state_dict()
    )
    assert fold_last_upsampling(whole)


@pytest.mark.slow
def test_a_finished_decoder_resumes_to_the_very_same_weights_and_is_all_that_learned(
    cache: Cache, tmp_path: Path
) -> None:
    tokenizer = make_tokenizer()
    vae = start_autoencoder(cache, seed=2)
    trained = make_trained(vae, tokenizer, seed=0)
    before = copy.deepcopy(trained.unet.state_dict()), copy.deepcopy(vae.encoder.state_dict())

    def run(name: str, member: Member) -> dict[str, torch.Tensor]:
        options = {"steps": 4, "seed": 3, "device": CPU, "batch": 4, "cells": 4, "save_every": 2}
        ours = copy.deepcopy(vae)
        finish_decoder([cache], ours, trained, tokenizer, tmp_path / name, member=member, **options)
        return load_checkpoint(tmp_path / name)["average"]

    whole = run("whole.pt", Member())
    with pytest.raises(KeyboardInterrupt):
        run("broken.pt", Interrupted())
    assert same(whole, run("broken.pt", Member()))
    assert not same(whole, vae.decoder.state_dict())
    half = copy.deepcopy(vae.decoder)
    go_towards(half, whole, share=0.5)
    ends = zip(half.state_dict().values(), vae.decoder.state_dict().values(), whole.values(), strict=True)
    assert all(torch.allclose(middle, (one + other) / 2, atol=1e-6) for middle, one, other in ends)
    assert same(trained.unet.state_dict(), before[0]) and same(vae.encoder.state_dict(), before[1])


def test_strokes_of_a_picture_weigh_what_a_blur_loses() -> None:
    rng = np.random.default_rng(0)
    grey = cv2.GaussianBlur(rng.normal(127, 90, (64, 64)), (0, 0), 1.5)
    picture = np.clip(np.repeat(grey[..., None], 3, axis=2), 0, 255).astype(np.uint8)
    blurred = cv2.GaussianBlur(picture, (0, 0), 2.0)
    one, other = (torch.from_numpy(p).permute(2, 0, 1)[None].float() / 127.5 - 1 for p in (picture, blurred))
    assert picture_strokes(one, one) == 0
    lost = stroke_energy(picture) ** 0.5 - stroke_energy(blurred) ** 0.5
    assert float(picture_strokes(other, one)) * 127.5 == pytest.approx(lost, rel=0.15)


def test_a_pattern_that_repeats_with_the_cells_is_told_from_strokes_as_strong_and_from_what_was_wanted() -> None:
    source = torch.Generator().manual_seed(0)
    flat = torch.zeros(1, 3, 128, 128)
    pattern = torch.randn(1, 3, CELL, CELL, generator=source).repeat(1, 1, 16, 16) * 0.1
    strokes = torch.randn(1, 3, 128, 128, generator=source) * 0.1
    assert float(lattice_excess(flat, flat)) == 0
    assert float(lattice_excess(pattern, flat)) == pytest.approx(0.1, rel=0.1)
    # of strokes that lie anywhere, the sixteen cells of a window have a quarter in common
    assert float(lattice_excess(strokes, flat)) == pytest.approx(0.025, rel=0.1)
    assert float(lattice_excess(pattern, pattern)) == float(lattice_excess(flat, pattern)) == 0


def test_the_exported_folder_opens_as_an_ordinary_pipeline(cache: Cache, tmp_path: Path) -> None:
    vae, tokenizer = start_autoencoder(cache, seed=0), make_tokenizer()
    trained = make_trained(vae, tokenizer, seed=0)
    size_bytes = export_folder(
        tmp_path / "model",
        unet=trained.unet,
        vae=vae,
        text_encoder=trained.text_encoder,
        tokenizer=tokenizer,
        scheduler=make_scheduler(),
    )
    assert size_bytes <= LIMIT_BYTES
    pipeline = StableDiffusionPipeline.from_pretrained(tmp_path / "model", dtype=torch.float32)
    assert pipeline.vae.config.scaling_factor == vae.config.scaling_factor  # type: ignore[attr-defined]
    assert pipeline.unet.config.in_channels == 16
    torch.testing.assert_close(
        pipeline.text_encoder.state_dict(), {k: v.half().float() for k, v in trained.text_encoder.state_dict().items()}
    )
    assert not list(tmp_path.glob("*.part"))


def test_a_sheet_has_the_names_above_and_another_model_beneath(cache: Cache, tmp_path: Path) -> None:
    photo, sheet = np.array(cache.sources[0]), tmp_path / "sheet.png"
    prompts = ["pencil", "blue and gold", "a great deal of words for so small a cell"]
    draw_sheet(EMBEDDED_FOLDER, [photo], sheet, prompts=prompts, before=EMBEDDED_FOLDER, columns=2, cell=48)
    drawn = np.asarray(cv2.imread(str(sheet))).astype(int)
    assert drawn.shape == (2 * (HEADING + 2 * 48), 3 * 48, 3)
    assert drawn[:HEADING, 48:96].min() < 120, "a name stands above"
    assert drawn[-48:, -48:].min() == 255, "nothing stands where nothing was asked"
    now, before = (drawn[HEADING + row : HEADING + row + 48] for row in (0, 48))
    assert np.array_equal(now[:, 48:], before[:, 48:]), "the same model draws the same"
    assert np.abs(now[:, :48] - before[:, :48]).max() > 50, "which is which stands on the photo"
    assert np.abs(now[:, :48] - now[:, 48:96]).mean() > 5
    with pytest.raises(ValueError, match="not prompts"):
        draw_sheet(EMBEDDED_FOLDER, [photo], sheet, prompts=prompts, teachers=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["render", "--photos", "no such folder"], "no photos to learn from"),
        (["export", "--out", "model"], "run the stage 'autoencoder' first"),
        (["render"], "needs --photos"),
        (["decoder"], "needs --start"),
        (["check", "--out", "model"], "needs --pictures"),
        (["check", "--out", "model", "--pictures", "no.mkv"], "not a clip that can be read: no.mkv"),
    ],
)
def test_a_command_that_cannot_work_says_so_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main([*arguments, "--work", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert message in said and len(said.strip().splitlines()) == 1
