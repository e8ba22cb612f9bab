"""The two networks that see people: they are the files they are said to be, and see the drawn presenter."""

from __future__ import annotations

import hashlib

import numpy as np
from streamv2v_cam.capture.presenter import draw
from streamv2v_cam.publish.region.networks import FOLDER, FaceNetwork, PersonNetwork
from streamv2v_cam.publish.region.seeking import ellipses

PRESENTER = np.ascontiguousarray(draw(1.0, 320, 180))
ROOM = np.full((180, 320, 3), 120, np.uint8)


def test_the_files_are_those_whose_licence_is_written_beside_them() -> None:
    told = (FOLDER / "README.md").read_text("utf-8")
    for file in FOLDER.glob("*.tflite"):
        assert f"`{file.name}`" in told
        assert f"`{hashlib.sha256(file.read_bytes()).hexdigest()}`" in told
    assert "Apache License" in (FOLDER / "LICENSE").read_text("utf-8")


def test_a_person_is_seen_where_it_is_and_nobody_in_an_empty_room() -> None:
    network = PersonNetwork()
    mask = network(PRESENTER)
    assert mask[150, 128] > 0.9
    assert mask[20, 20] < 0.1
    assert (network(ROOM) > 0.5).mean() < 0.004


def test_a_face_is_found_with_its_eyes_and_none_in_an_empty_room() -> None:
    network = FaceNetwork()
    (face,) = network(PRESENTER)
    left, top, width, height = face.box
    assert left < 0.5 < left + width
    assert all(left < x < left + width and top < y < top + height for x, y in face.eyes)
    assert not network(ROOM)


def test_a_face_in_a_tall_picture_is_where_it_is_in_the_wide_one() -> None:
    tall = np.ascontiguousarray(PRESENTER[:, 110:210])
    (wide_face,), (tall_face,) = FaceNetwork()(PRESENTER), FaceNetwork()(tall)
    wide_middle = (wide_face.box[0] + wide_face.box[2] / 2) * 320 - 110
    assert abs((tall_face.box[0] + tall_face.box[2] / 2) * 100 - wide_middle) < 8


def test_a_face_becomes_an_ellipse_from_the_hairline_to_the_chin() -> None:
    drawn = ellipses(FaceNetwork()(PRESENTER), 320, 180)
    assert drawn.max() == 1.0
    assert drawn[0, 0] == 0.0
    rows = np.flatnonzero(drawn.max(axis=1) > 0.5)
    columns = np.flatnonzero(drawn.max(axis=0) > 0.5)
    assert rows.size > columns.size
