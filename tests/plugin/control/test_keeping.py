"""Looks over the API: kept, renamed, numbered, copied, deleted, out to a file and in again; their pictures."""

from __future__ import annotations

import tomllib

import pytest


@pytest.fixture(autouse=True)
def _same_beginning(stage):
    stage.store.apply({"prompt": "oil", "strength": 0.5, "mode": "effect"}, look="oil")


def test_the_current_setting_is_kept_as_a_look_in_the_users_file(stage):
    stage.store.apply({"prompt": "a snow globe", "strength": 0.35, "bank_weight": 2.0, "mirror": True})
    with stage.client() as client:
        saved = client.post("/api/looks", json={"title": "Snow, globe!"})
        assert saved.json()["look"] == "snow-globe"
        again = client.post("/api/looks", json={"title": "snow,  globe!"})
        assert (again.status_code, again.json()["look"]) == (409, "snow-globe")
        assert client.post("/api/looks", json={"title": "Better", "name": "snow-globe", "replace": True}).is_success
    kept = tomllib.loads((stage.folder / "looks.toml").read_text())["snow-globe"]
    assert kept == {"title": "Better", "prompt": "a snow globe", "strength": 0.35, "seed": 2, "bank_weight": 2.0}
    stage.command(command="look", name="oil")
    assert stage.command(command="look", name="snow-globe").json()["controls"]["bank_weight"] == 2.0
    assert stage.desk.looks.names.index("snow-globe") == 2, "no number moved"


@pytest.mark.parametrize(
    "body", [{"title": ""}, {"title": "\u202e"}, {"title": "x", "name": "../x"}, {"title": "x", "name": "none"}]
)
def test_a_look_needs_a_name_that_can_be_one(stage, body):
    with stage.client() as client:
        assert client.post("/api/looks", json=body).status_code == 422


def test_a_look_of_ones_own_is_renamed_numbered_copied_and_deleted(stage):
    with stage.client() as client:
        made = client.post("/api/looks", json={"title": "水彩"}).json()
        address, number = f"/api/looks/{made['look']}", made["number"]
        told = client.patch(address, json={"title": "水", "number": 1}).json()
        assert (told["name"], told["title"], told["number"]) == (made["look"], "水", 1)
        assert next(look["name"] for look in client.get("/api/looks").json()) == made["look"]
        assert stage.desk.looks.numbers["oil"] == number, "the two have changed places"
        assert client.patch("/api/looks/oil", json={"number": 1}).json()["number"] == 1
        assert client.patch(address, json={"title": "Oil"}).json()["field"] == "title"
        assert client.post(f"{address}/copy", json={}).json()["title"] == "水 2"
        for name in (made["look"], stage.desk.looks.titled("水 2").name):
            assert client.delete(f"/api/looks/{name}").is_success
        assert client.delete(address).status_code == 404
        assert client.delete("/api/looks/oil").status_code == 409


def test_looks_go_out_and_come_in_as_a_file(stage):
    with stage.client() as client:
        client.post("/api/looks", json={"title": "Étude"})
        sent = client.get("/api/looks/file")
        assert "attachment" in sent.headers["content-disposition"]
        one = client.get("/api/looks/etude/file").text
        assert client.post("/api/looks/file", json={"text": sent.text}).json()["added"] == []
        other = one.replace("seed = 2", "seed = 3")
        assert client.post("/api/looks/file", json={"text": other}).status_code == 409
        assert client.post("/api/looks/file", json={"text": other, "same_title": "replace"}).json()["replaced"]
        assert client.post("/api/looks/file", json={"text": "[a\n"}).status_code == 422
        assert client.post("/api/looks/file", json={"text": "#" * 60_000 + "\n" + other}).is_success
        client.delete("/api/looks/etude")


def test_a_look_shows_a_sample_until_there_is_a_picture_of_ones_own(stage):
    with stage.client() as client:
        before = client.get("/api/state").json()["looks_version"]
        assert client.get("/api/looks/nobody/thumbnail").status_code == 404
        assert client.get("/api/looks/neon/thumbnail").content.startswith(b"\xff\xd8\xff"), "a sample"
        stage.thumbnails["neon"] = b"\xff\xd8small\xff\xd9"
        assert client.get("/api/looks/neon/thumbnail").content == b"\xff\xd8small\xff\xd9"
        assert [look["picture"] for look in client.get("/api/looks").json()][:2] == ["sample", "yours"]
        assert client.get("/api/state").json()["looks_version"] == before + 1
