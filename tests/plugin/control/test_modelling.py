"""The engine's model over the API: what is offered, what is chosen, what is refused."""

from __future__ import annotations

from typing import Any

from plugin.control.conftest import make_stage
from streamv2v_cam.control import ModelChoice
from streamv2v_cam.errors import ModelRefused

from streamv2v.errors import ControlError


class Models:
    """Two models, of which the second may be chosen while there is room for it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.room = True

    def choices(self) -> list[ModelChoice]:
        coming = "sd-turbo" in self.asked
        return [
            ModelChoice("embedded", "The one that is included", current=True),
            ModelChoice("sd-turbo", "SD-Turbo", preparing=coming),
        ]

    def choose(self, name: str) -> ModelChoice:
        if name not in ("embedded", "sd-turbo"):
            raise ControlError("name", name, "one of embedded, sd-turbo")
        if not self.room:
            raise ModelRefused("SD-Turbo needs about 3 GiB beside the present model, and 2 GiB are free.")
        self.asked.append(name)
        return self.choices()[name == "sd-turbo"]

    def status(self) -> dict[str, Any]:
        return {"on_air": "embedded", "title": "", "preparing": "", "progress": "", "told": "", "rests": ""}


def test_a_model_is_chosen_by_its_name_and_everything_else_changes_nothing(tmp_path):
    stage, models = make_stage(tmp_path), Models()
    stage.desk.models = models
    stage.server.start()
    try:
        with stage.client() as client:
            found = client.get("/api/engine/model").json()
            assert found["on_air"] == "embedded" and [one["name"] for one in found["models"]] == [
                "embedded",
                "sd-turbo",
            ]
            refused = client.post("/api/engine/model", json={"name": "stabilityai/sd-turbo"})
            assert refused.status_code == 422 and "sd-turbo" in refused.json()["allowed"]
            models.room = False
            full = client.post("/api/engine/model", json={"name": "sd-turbo"})
            assert full.status_code == 409 and "2 GiB are free" in full.json()["error"]
            assert models.asked == []
            models.room = True
            chosen = client.post("/api/engine/model", json={"name": "sd-turbo"}).json()
            assert chosen["preparing"] and models.asked == ["sd-turbo"]
        assert stage.stranger().post("/api/engine/model", json={"name": "sd-turbo"}).status_code == 401
    finally:
        stage.server.stop()


def test_a_program_with_a_fixed_model_offers_none_and_says_so(tmp_path):
    stage = make_stage(tmp_path)
    stage.server.start()
    try:
        with stage.client() as client:
            assert client.get("/api/engine/model").json()["models"] == []
            assert client.post("/api/engine/model", json={"name": "embedded"}).status_code == 404
    finally:
        stage.server.stop()
