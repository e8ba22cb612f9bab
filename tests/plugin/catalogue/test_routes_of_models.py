"""The catalogue over the API: facts without paths, fetched and paused by name, told with the state, removed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from local_hub import LocalHub
from plugin.control.conftest import Stage, make_stage
from streamv2v_cam.catalogue import Catalogue, Downloads


@pytest.fixture
def stage(tmp_path: Path, catalogue: Catalogue) -> Iterator[Stage]:
    stage = make_stage(tmp_path)
    downloads = Downloads(catalogue, in_use=lambda: (str(catalogue.folder / "asking"),))
    stage.desk.catalogue = downloads
    stage.server.start()
    yield stage
    stage.server.stop()
    downloads.close()


@pytest.fixture
def client(stage: Stage) -> Iterator[httpx.Client]:
    with stage.client() as client:
        yield client


def until(client: httpx.Client, state: str) -> dict[str, Any]:
    """The news of the fetching once it is in that state; as the page gets it."""
    last: dict[str, Any] = {}
    for _ in range(500):
        last = client.get("/api/state").json()["fetching"]
        if last["state"] == state:
            return last
        time.sleep(0.02)
    raise AssertionError(last)


def test_the_list_says_what_a_person_has_to_know_and_no_path(
    client: httpx.Client, catalogue: Catalogue, tiny_model: Path
) -> None:
    catalogue.add(tiny_model, "mine")
    answer = client.get("/api/models")
    found = {model["name"]: model for model in answer.json()["models"]}
    assert list(found) == ["tiny", "asking", "with-lora", "mine"] and answer.json()["fetching"] is None
    assert found["asking"]["licence"]["link"] == "https://example.org/terms" and not found["asking"]["accepted"]
    assert found["mine"]["own"] and found["mine"]["here"] and found["mine"]["fits"]
    assert str(tiny_model) not in answer.text


def test_a_model_is_fetched_by_name_and_the_state_tells_how_far_it_is(
    hub: LocalHub, client: httpx.Client, catalogue: Catalogue
) -> None:
    assert client.get("/api/state").json()["fetching"] is None
    begun = client.post("/api/models/tiny/download", json={})
    assert begun.status_code == 200 and begun.json()["name"] == "tiny"
    done = until(client, "done")
    assert done["done_bytes"] == done["total_bytes"] > 0 and catalogue.here("tiny")
    assert "removed" in client.delete("/api/models/tiny").json()["told"]
    assert not catalogue.here("tiny") and client.get("/api/state").json()["fetching"] is None


def test_fetching_is_paused_and_gone_on_with(hub: LocalHub, client: httpx.Client, catalogue: Catalogue) -> None:
    hub.flowing.clear()
    assert client.post("/api/models/tiny/download", json={}).status_code == 200
    assert "Pause that first" in client.post("/api/models/asking/download", json={"accept_licence": True}).text
    assert client.post("/api/models/tiny/pause", json={}).json()["state"] == "pausing"
    hub.flowing.set()
    until(client, "paused")
    assert not catalogue.here("tiny")
    assert next(model for model in client.get("/api/models").json()["models"] if model["name"] == "tiny")["begun"]
    client.post("/api/models/tiny/download", json={})
    until(client, "done")


def test_a_licence_is_accepted_with_the_request_and_what_is_on_air_stays(
    hub: LocalHub, client: httpx.Client, catalogue: Catalogue
) -> None:
    refused = client.post("/api/models/asking/download", json={})
    assert refused.status_code == 422 and "has to be accepted" in refused.json()["error"]
    assert client.post("/api/models/asking/download", json={"accept_licence": True}).status_code == 200
    until(client, "done")
    assert "on air" in client.delete("/api/models/asking").json()["error"] and catalogue.here("asking")


def test_a_fault_of_the_hub_is_one_line_of_the_state(hub: LocalHub, client: httpx.Client) -> None:
    hub.spoilt = "unet/config.json"
    client.post("/api/models/tiny/download", json={})
    assert "did not arrive" in until(client, "failed")["problem"]


@pytest.mark.parametrize("name", ["nothing", "someone%2Ftiny", "..", "%2Fetc", "tiny.part"])
def test_a_name_from_the_network_is_one_of_the_list(client: httpx.Client, name: str) -> None:
    for answer in (
        client.post(f"/api/models/{name}/download", json={}),
        client.post(f"/api/models/{name}/pause", json={}),
        client.delete(f"/api/models/{name}"),
    ):
        assert answer.status_code in (404, 405, 422) and "\n" not in answer.json()["error"]


def test_without_the_token_nothing_is_told_or_done(stage: Stage) -> None:
    with stage.stranger() as stranger:
        assert stranger.get("/api/models").status_code == 401
        assert stranger.post("/api/models/tiny/download", json={}).status_code == 401
        assert stranger.delete("/api/models/tiny").status_code == 401
