"""Reference pictures over the API: brought in, taken from the camera, followed, saved with a look."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from plugin.control.conftest import make_stage
from streamv2v_cam.references import ReferenceShelf
from streamv2v_cam.store import ControlStore

PATH = "/api/references/picture"


def file_of(shade: int = 90, kind: str = "PNG") -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (40, 30), (shade, 10, 10)).save(held, kind)
    return held.getvalue()


@pytest.fixture
def stage(tmp_path):
    stage = make_stage(tmp_path)
    named = lambda: [look.values["reference"] for look in stage.desk.looks if "reference" in look.values]  # noqa: E731
    stage.desk.store = ControlStore(look="oil", pictures=ReferenceShelf(tmp_path, named))
    stage.server.start()
    yield stage
    stage.server.stop()


def send(client, raw: bytes, kind: str = "image/png", **query: str):
    return client.post(PATH, content=raw, headers={"Content-Type": kind}, params=query)


def test_a_picture_is_brought_in_followed_and_saved_with_a_look(stage):
    with stage.client() as client:
        brought = send(client, file_of(), title="my painting.png").json()
        assert brought["title"] == "my painting.png" and brought["origin"] == "yours"
        assert [one["name"] for one in client.get("/api/references").json()] == [brought["name"]]
        client.patch("/api/controls", json={"reference": brought["name"]})
        assert [name for name, _ in stage.store.current.references] == [brought["name"]]
        assert stage.store.current.look is None, "it is not that look any more"
        assert client.post("/api/looks", json={"title": "Painted"}).status_code == 200
        values = stage.desk.looks.get("painted").values
        assert values["reference"] == f"references/{brought['name']}.png"
        assert (stage.folder / values["reference"]).is_file()
        client.patch("/api/controls", json={"reference": ""})
        assert stage.command(command="look", name="painted").json()["controls"]["reference"] == values["reference"]


def test_a_frame_of_the_camera_is_taken_where_there_is_one(stage):
    with stage.client() as client:
        assert client.post("/api/references/frame", json={}).status_code == 404
        stage.desk.frame = lambda: np.full((90, 160, 3), 50, np.uint8)
        taken = client.post("/api/references/frame", json={}).json()
        assert taken["origin"] == "camera" and not list(stage.folder.glob("references/*"))
        client.patch("/api/controls", json={"reference": taken["name"], "borrow": False})
        assert stage.store.current.controls.reference == "", "a look that hides a face follows none"


def test_what_is_no_picture_or_no_name_is_refused_and_changes_nothing(stage):
    with stage.client() as client:
        assert send(client, b"<html>").status_code == 422
        assert "\n" not in send(client, file_of()[:60]).json()["error"]
        assert send(client, file_of(), "application/json").status_code == 415
        assert send(client, file_of(), "text/plain").status_code == 415
        (stage.folder / "secret.png").write_bytes(file_of())
        for name in ("secret.png", "../secret.png", str(stage.folder / "secret.png"), "picture-0000000000"):
            assert client.patch("/api/controls", json={"reference": name}).status_code == 422
        assert client.get("/api/references").json() == []
    with stage.stranger() as client:
        assert send(client, file_of()).status_code == 401
    assert stage.store.current.references == ()
