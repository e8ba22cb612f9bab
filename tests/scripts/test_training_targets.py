"""What the embedded model learns from: rendered targets, views of them, and what its answers are held to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from training.autoencoder import start_autoencoder
from training.data import Cache, crop_plan, list_photos, open_cache, render_cache
from training.examples import fresh_examples, style_amount
from training.latents import View, latent_batch, two_views
from training.losses import latent_loss, stroke_loss
from training.start import moved_words
from training.teachers import STYLES, TEACHERS
from training.tokenizer import make_tokenizer

from tests.small_photos import FEW


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
