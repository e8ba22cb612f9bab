"""Reference pictures: read safely, kept by name, never asked for by a path from outside, never sent away."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from streamv2v_cam.engine.remote.wire import heard, words
from streamv2v_cam.errors import LookClash, PictureRefused
from streamv2v_cam.references import FRAME, SIDE, ReferenceShelf, decoded
from streamv2v_cam.references.decoding import FILE_LIMIT_BYTES
from streamv2v_cam.references.shelf import KEPT
from streamv2v_cam.store import ControlStore

from streamv2v.controls import Controls
from streamv2v.errors import ControlError


def file_of(width: int = 40, height: int = 30, kind: str = "PNG", mode: str = "RGB", **more: object) -> bytes:
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    held = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(held, kind, **more)
    return held.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
def test_every_kind_of_picture_becomes_the_square_that_is_looked_at(kind: str) -> None:
    for size in ((40, 30), (3000, 20), (1, 1), (20, 3000)):
        picture = decoded(file_of(*size, kind=kind), "it")
        assert picture.shape == (SIDE, SIDE, 3) and picture.dtype == np.uint8


def test_a_picture_is_upright_and_nothing_but_its_pixels_is_kept() -> None:
    """An orientation in EXIF data is followed; place and time of the shot are not in what is kept or saved."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera at home"
    for side, kind in ((40, "JPEG"), (2000, "JPEG"), (2000, "PNG"), (2000, "WEBP")):
        top = np.zeros((side, side, 3), np.uint8)
        top[: side // 2] = 255
        held = io.BytesIO()
        Image.fromarray(top).save(held, kind, exif=exif, quality=95)
        assert b"a camera at home" in held.getvalue()
        turned = decoded(held.getvalue(), "it")
        assert turned[:, -20:].mean() > 240 and turned[:, :20].mean() < 15


def test_what_lets_through_is_on_white() -> None:
    clear = io.BytesIO()
    Image.new("RGBA", (10, 10), (200, 0, 0, 0)).save(clear, "PNG")
    assert (decoded(clear.getvalue(), "it") == 255).all()


def huge_png(side: int) -> bytes:
    """A few bytes that say they are so many pixels each way."""
    chunks = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0), b"IDAT" + zlib.compress(b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks
    )


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "it is empty"),
        (b"<html>", "it is no picture. Use a PNG"),
        (b"<svg onload=alert(1)>", "an SVG file, which is not taken"),
        (b"GIF89a" + bytes(40), "a GIF file, which is not taken"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "a HEIC file"),
        (file_of()[:200], "cut short or damaged"),
        (huge_png(8000), "8000 x 8000 pixels"),
        (huge_png(60_000), "far too many pixels"),
        (bytes(FILE_LIMIT_BYTES + 1), "larger than 20 MB"),
    ],
    ids=["nothing", "page", "drawing", "gif", "phone's", "cut", "large", "huge", "long"],
)
def test_a_hostile_file_is_refused_in_one_line(raw: bytes, words: str) -> None:
    with pytest.raises(PictureRefused, match=words) as refused:
        decoded(raw, "it")
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 160


@settings(max_examples=40)
@given(st.sampled_from(["PNG", "JPEG", "WEBP", "BMP"]), st.integers(0, 400), st.integers(0, 255), st.integers(0, 300))
def test_a_damaged_file_is_a_picture_or_a_refusal(kind: str, place: int, value: int, cut: int) -> None:
    raw = bytearray(file_of(kind=kind))
    raw[place % len(raw)] = value
    try:
        assert decoded(bytes(raw[: len(raw) - cut]), "it").shape == (SIDE, SIDE, 3)
    except PictureRefused as refused:
        assert "\n" not in str(refused)


def a_shelf(folder: Path, *named: str) -> ReferenceShelf:
    return ReferenceShelf(folder, lambda: named)


def test_only_names_of_looks_and_of_what_was_brought_in_are_pictures(tmp_path: Path) -> None:
    (tmp_path / "looks").mkdir()
    for place in (tmp_path / "secret.png", tmp_path / "looks" / "mine.png", tmp_path / "looks" / "other.png"):
        place.write_bytes(file_of())
    shelf = a_shelf(tmp_path / "looks", "mine.png", "../secret.png", "gone.png", str(tmp_path / "secret.png"))
    assert shelf.pixels("mine.png").shape == (SIDE, SIDE, 3)
    for name, told in (
        ("other.png", "brought in"),
        ("../secret.png", "leads out"),
        (str(tmp_path / "secret.png"), "leads out"),
        ("gone.png", "cannot be read"),
    ):
        with pytest.raises(ControlError, match=told):
            shelf.pixels(name)


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(file_of(40))
    shelf = a_shelf(tmp_path, "a.png")
    before = shelf.pixels("a.png")
    (tmp_path / "a.png").write_bytes(file_of(41))
    assert (shelf.pixels("a.png") != before).any()


def test_the_engine_gets_the_pictures_that_its_controls_name_once(tmp_path: Path) -> None:
    shelf = a_shelf(tmp_path)
    one, two = (shelf.add(file_of(width), f"{width}") for width in (40, 50))
    store = ControlStore(pictures=shelf)
    first = store.apply({"reference": one.name, "reference_blend": [[two.name, 0.5], [one.name, 1]]})
    assert [name for name, _ in first.references] == [one.name, two.name]
    assert first.references[0][1] == shelf.pixels(one.name).tobytes()
    assert store.apply({"strength": 0.3}).references is first.references
    with pytest.raises(ControlError, match="brought in"):
        store.apply({"reference": "another"})
    assert store.current.references is first.references
    assert store.apply({"reference": "", "reference_blend": []}).references == ()


def test_a_look_may_not_follow_a_frame_of_the_camera_where_the_camera_is_not_lent(tmp_path: Path) -> None:
    shelf = a_shelf(tmp_path)
    frame = shelf.add_frame(np.zeros((30, 40, 3), np.uint8))
    assert frame.name.startswith(FRAME)
    store = ControlStore(pictures=shelf)
    store.apply({"reference": frame.name})
    assert store.apply({"borrow": False}).controls.reference == "", "it ends with the permission"
    with pytest.raises(ControlError, match="no frame of yours"):
        store.apply({"reference": frame.name})
    with pytest.raises(ControlError, match="no frame of yours"):
        ControlStore(pictures=shelf, borrow=False).apply({"reference": frame.name})


def test_what_was_brought_in_is_written_with_a_look_that_is_saved_and_not_before(tmp_path: Path) -> None:
    shelf = a_shelf(tmp_path)
    mine = shelf.add(file_of(), "my picture.png")
    assert not list(tmp_path.iterdir())
    with shelf.saving(Controls(reference=mine.name)) as saved:
        assert saved.reference == f"references/{mine.name}.png"
    np.testing.assert_array_equal(a_shelf(tmp_path, saved.reference).pixels(saved.reference), shelf.pixels(mine.name))


def test_no_picture_and_no_name_of_one_goes_to_an_engine_elsewhere(tmp_path: Path) -> None:
    shelf = a_shelf(tmp_path)
    mine = shelf.add(file_of(), "me at home.png")
    sent = words(ControlStore(Controls(reference=mine.name), pictures=shelf).current)
    assert mine.name not in sent and json.loads(sent)["controls"]["reference"] == ""
    assert len(sent) < 10_000
    told = json.loads(sent)
    told["controls"]["reference"] = "one that this machine has not"
    assert heard(json.dumps(told)).controls.reference == ""


def test_a_picture_on_air_stays_however_many_others_are_brought_in(tmp_path: Path) -> None:
    shelf = a_shelf(tmp_path)
    store = ControlStore(pictures=shelf)
    mine = shelf.add(file_of(), "mine")
    store.apply({"reference": mine.name})
    others = [shelf.add(file_of(40 + number), "another") for number in range(KEPT + 3)]
    assert len(shelf.choices()) == KEPT and mine.name in {one.name for one in shelf.choices()}
    store.apply({"reference_blend": [[others[-1].name, 1.0]]})
    with shelf.saving(store.current.controls) as kept:
        assert kept.reference == f"references/{mine.name}.png"


def test_a_picture_whose_file_goes_while_it_is_on_air_goes_on_and_another_weight_may_be_set(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(file_of(40))
    store = ControlStore(pictures=a_shelf(tmp_path, "a.png"))
    before = store.apply({"reference": "a.png"}).references
    (tmp_path / "a.png").unlink()
    assert store.apply({"reference_blend": [["a.png", 2.0]]}).references == before
    store.apply({"reference": "", "reference_blend": []})
    with pytest.raises(ControlError, match="cannot be read"):
        store.apply({"reference": "a.png"})


def test_a_look_that_is_not_kept_leaves_no_picture_behind(tmp_path: Path) -> None:
    shelf = a_shelf(tmp_path)
    mine = shelf.add_frame(np.zeros((30, 40, 3), np.uint8))
    with pytest.raises(LookClash), shelf.saving(Controls(reference=mine.name)):
        raise LookClash("There is a look of that title.")
    assert not list(tmp_path.rglob("*.png"))


def test_links_in_a_circle_are_a_picture_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "round.png").symlink_to(tmp_path / "round.png")
    with pytest.raises(ControlError, match="cannot be read"):
        a_shelf(tmp_path, "round.png").pixels("round.png")


def test_a_file_that_holds_no_picture_is_looked_at_once_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(b"<html>")
    looked: list[str] = []
    monkeypatch.setattr(
        "streamv2v_cam.references.shelf.decoded", lambda raw, name: (looked.append(name), decoded(raw, name))[1]
    )
    shelf = a_shelf(tmp_path, "a.png")
    for _ in range(3):
        with pytest.raises(ControlError, match="no picture"):
            shelf.pixels("a.png")
    assert looked == ["a.png"]
    (tmp_path / "a.png").write_bytes(file_of(41))
    assert shelf.pixels("a.png").shape == (SIDE, SIDE, 3)


def test_colours_of_every_kind_of_picture_file_are_those_that_a_viewer_shows() -> None:
    """Also of 16 bits a colour, of print colours and of palettes."""
    half = {"I;16": 0x8000, "L": 128, "RGB": (128, 128, 128), "LA": (128, 255), "CMYK": (0, 0, 0, 127), "P": 128}
    for mode, value in half.items():
        held = io.BytesIO()
        picture = Image.new(mode, (40, 40), value)
        if mode == "P":
            picture.putpalette([level for grey in range(256) for level in (grey, grey, grey)])
        picture.save(held, "JPEG" if mode == "CMYK" else "PNG")
        assert np.abs(decoded(held.getvalue(), mode).astype(int) - 128).max() <= 4, mode
