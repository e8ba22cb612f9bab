"""The mode on demand and the last minutes over the API."""

from __future__ import annotations

import pytest
from plugin.control.conftest import make_stage


class Mode:
    """Stands for the mode on demand."""

    def __init__(self) -> None:
        self.on = False

    def switch(self, on: bool) -> None:
        self.on = on

    def status(self):
        return {"on": self.on, "resting": False, "watched_by": ["preview page"], "unseen": [], "told": ""}


class Ring:
    """Stands for the history: says what it was asked for."""

    def told(self, after: int = 0):
        return {"number": 9, "state": ["live"] * (9 - after), "events": []}


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    stage = make_stage(tmp_path_factory.mktemp("stage"))
    stage.server.start()
    yield stage
    stage.server.stop()


@pytest.fixture(autouse=True)
def _parts(stage):
    stage.desk.on_demand, stage.desk.history = Mode(), Ring()


def test_the_mode_is_switched_with_the_token_and_by_a_plain_yes_or_no(stage):
    with stage.client() as client:
        told = client.post("/api/on_demand", json={"on": True}).json()
        assert (told["on"], told["watched_by"]) == (True, ["preview page"])
        assert client.post("/api/on_demand", json={"on": "yes"}).status_code == 422
        assert client.post("/api/on_demand", json={}).status_code == 422
        assert stage.desk.on_demand.on
        stage.desk.on_demand = None
        assert client.post("/api/on_demand", json={"on": True}).status_code == 404
    assert stage.stranger().post("/api/on_demand", json={"on": False}).status_code == 401


def test_the_past_is_told_from_the_sample_that_is_known_on(stage):
    with stage.client() as client:
        assert len(client.get("/api/history").json()["state"]) == 9
        assert len(client.get("/api/history?after=7").json()["state"]) == 2
        for given in ("-1", "x", "1e9", "٣", "9" * 400):
            refused = client.get("/api/history", params={"after": given})
            assert refused.status_code == 422 and refused.json()["field"] == "after"
        stage.desk.history = None
        assert client.get("/api/history").status_code == 404
    assert stage.stranger().get("/api/history").status_code == 401
