"""Training the embedded model: resuming, seeds, the computed encoder and the exported folder."""

from __future__ import annotations

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
from training.data import Cache, crop_plan, list_photos, open_cache, render_cache
from training.denoiser import DenoiserOptions, make_trained, train_denoiser
from training.examples import fresh_examples, style_amount
from training.export import LIMIT_BYTES, export_folder
from training.imitating import smaller_autoencoder, train_smaller_decoder
from training.latents import View, encode, latent_batch, two_views
from training.looks_targets import CLASSICAL
from training.losses import latent_loss, stroke_loss
from training.start import moved_words
from training.teachers import STYLES, TEACHERS
from training.team import Member
from training.tokenizer import make_tokenizer

from streamv2v.models.last_upsampling import fold_last_upsampling

CPU = torch.device("cpu")
# The painters need a network that is no dependency of the project; the classical teachers fill a cache alike.
FEW = {name: CLASSICAL[name] for name in ("pencil", "comic", "vintage", "neon")}
TINY = DenoiserOptions(steps=4, seed=5, batch=4, later=2, cells=4, decoded=0.5, save_every=2)


@dataclass(frozen=True)
class Interrupted(Member):
    """A member of a team whose machine is switched off in the middle of its third step."""

    calls: list[int] = field(default_factory=list)

    def average_gradients(self, parameters) -> None:
        self.calls.append(1)
        if len(self.calls) == 3:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """Four small photos: gradients with a disc, each of another colour and place."""
    folder = tmp_path_factory.mktemp("photos")
    y, x = np.mgrid[0:72, 0:96]
    for index, name in enumerate(("portrait_a", "webcam_b", "garden", "webcam_c")):
        picture = np.stack([x * 2, y * 3, (x + y) + 20 * index], axis=-1).astype(np.uint8)
        cv2.circle(picture, (30 + 9 * index, 36), 20, (200, 60 * index, 90), -1)
        cv2.imwrite(str(folder / f"{name}.jpg"), picture)
    return folder


@pytest.fixture(scope="module")
def cache(photos: Path, tmp_path_factory) -> Cache:
    folder = tmp_path_factory.mktemp("cache")
    return render_cache(
        list_photos(photos, hold_out=["webcam_c"]), folder, seed=1, size=64, processes=1, teachers=FEW, each=3
    )


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


def test_held_out_photos_stay_out_and_people_are_cropped_more_often(photos: Path) -> None:
    kept = list_photos(photos, hold_out=["webcam_*"])
    assert [p.stem for p in kept] == ["garden", "portrait_a"]
    assert [p.stem for p in crop_plan(kept)] == ["garden", *["portrait_a"] * 7]


def test_the_cache_is_the_same_for_the_same_seed_and_is_not_drawn_twice(photos: Path, tmp_path: Path) -> None:
    kept = list_photos(photos)[:2]
    options = {"size": 32, "processes": 1, "teachers": FEW, "each": 2}
    one, two, other = (
        render_cache(kept, tmp_path / name, seed=seed, **options)  # type: ignore[arg-type]
        for name, seed in (("one", 4), ("two", 4), ("other", 5))
    )
    np.testing.assert_array_equal(one.targets, two.targets)
    np.testing.assert_array_equal(one.styles, two.styles)
    assert not np.array_equal(one.sources, other.sources)
    drawn = (tmp_path / "one" / "targets.npy").stat().st_mtime_ns
    render_cache(kept, tmp_path / "one", seed=4, **options)  # type: ignore[arg-type]
    assert (tmp_path / "one" / "targets.npy").stat().st_mtime_ns == drawn
    np.testing.assert_array_equal(open_cache(tmp_path / "one").styles, one.styles)


def test_a_cache_in_the_making_can_be_learned_from_and_goes_on_where_it_stopped(photos: Path, tmp_path: Path) -> None:
    kept, options = list_photos(photos)[:2], {"seed": 4, "size": 32, "processes": 1, "teachers": FEW, "each": 2}
    whole = render_cache(kept, tmp_path / "whole", **options)  # type: ignore[arg-type]
    begun = render_cache(kept, tmp_path / "begun", most=3, **options)  # type: ignore[arg-type]
    assert [len(array) for array in vars(begun).values()] == [3] * 4
    finished = render_cache(kept, tmp_path / "begun", **options)  # type: ignore[arg-type]
    np.testing.assert_array_equal(finished.targets, whole.targets)


def test_every_target_is_found_by_the_teacher_that_drew_it(cache: Cache) -> None:
    assert sum(len(places) for places in cache.places.values()) == cache.styles.size
    for style, places in cache.places.items():
        for crop, slot in places:
            np.testing.assert_array_equal(cache.targets[crop, slot], TEACHERS[STYLES[style]](cache.sources[crop]))


def test_a_cache_of_other_teachers_is_refused(cache: Cache, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="run the stage 'render' first"):
        open_cache(tmp_path)
    (tmp_path / "rendered.json").write_text('{"styles": ["dots"], "done": 3}')
    with pytest.raises(ValueError, match="rendered for other styles"):
        open_cache(tmp_path)


@pytest.mark.parametrize("motion", ["cells", "pixels", "zoom"])
def test_a_target_moves_with_its_picture(cache: Cache, motion: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(8):
        (earlier, later), shift, same = two_views(rng, cache, "comic", 32, {motion: 1.0})
        assert (earlier.crop, earlier.slot) == (later.crop, later.slot)
        assert (later.top - earlier.top, later.left - earlier.left) == tuple(8 * s for s in shift) or not same
        assert min(later.top, later.left) >= 0 and max(later.top, later.left) + later.side <= 64
        assert later.cut(cache.targets[later.crop, later.slot], 32).shape == (32, 32, 3)


def test_the_cells_of_a_face_weigh_more_and_the_mean_stays() -> None:
    view = View(crop=0, slot=None, top=16, left=0, side=32)
    weight = view.face_weight(np.array([8, 24, 24, 40], np.float32), 4)
    assert weight.mean() == pytest.approx(1)
    heavy = weight > 1
    assert heavy[1:3, 1:3].all() and heavy.sum() == 4
    assert (view.face_weight(np.zeros(4, np.float32), 4) == 1).all()


def test_detail_that_stands_elsewhere_counts_as_detail_and_a_blur_does_not() -> None:
    torch.manual_seed(0)
    wanted, elsewhere = torch.randn(1, 4, 16, 16), torch.randn(1, 4, 16, 16)
    blurred = torch.nn.functional.avg_pool2d(wanted, 3, 1, 1)
    assert stroke_loss(elsewhere, wanted) < 0.5 * stroke_loss(blurred, wanted)
    even = torch.ones(1, 1, 16, 16)
    assert latent_loss(blurred, wanted, even) < latent_loss(elsewhere, wanted, even)


def test_words_that_both_vocabularies_have_keep_their_meaning() -> None:
    given, today = make_tokenizer(limit=300), make_tokenizer()
    embedding = torch.randn(len(given), 4)
    moved = moved_words(embedding, given, today)
    old, new = given.get_vocab(), today.get_vocab()
    both = old.keys() & new.keys()
    assert len(both) > 700 and len(moved) == len(new) > len(old)
    for token in both:
        torch.testing.assert_close(moved[new[token]], embedding[old[token]])
    pieces = [old[piece] for piece in given.tokenize("caravaggio")]
    assert len(pieces) > 1
    torch.testing.assert_close(moved[new["caravaggio</w>"]], embedding[pieces].mean(dim=0))


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


def test_more_style_is_asked_for_at_higher_timesteps_and_styled_inputs_stay_styled(cache: Cache) -> None:
    amounts = style_amount(torch.arange(0, 1000, 50))
    assert amounts[0] == 0 and float(style_amount(torch.tensor(999))) == pytest.approx(1)
    assert (amounts.diff() > 0).all()
    vae, rng = start_autoencoder(cache, seed=0), np.random.default_rng(0)
    batch = latent_batch([cache], vae, rng, pairs=64, cells=4)
    examples = fresh_examples(batch, torch.zeros(64, 32, dtype=torch.long), rng)
    assert (examples.amount >= style_amount(examples.t)).all()
    assert torch.equal(examples.t[0], examples.t[1])
    mixed = torch.lerp(batch.source, batch.target, examples.amount[..., None, None, None])
    torch.testing.assert_close(examples.wanted, mixed)


def test_the_noise_never_buries_the_picture() -> None:
    signal, spread = signal_and_noise()
    assert signal.min() > 0.95 and spread.max() < 0.35
    assert 0.1 < spread[500] < 0.2


def test_an_interrupted_run_ends_with_the_very_same_weights(
    cache: Cache, whole: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(cache, tmp_path / "broken.pt", Interrupted())
    # A resumed run starts from the checkpoint, whatever networks it is given.
    assert same(whole, train(cache, tmp_path / "broken.pt", Member(), seed=77))


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
