"""The engine's size over the API: what is offered, what is chosen, what is refused."""

from __future__ import annotations

from types import SimpleNamespace

from plugin.control.conftest import make_stage
from streamv2v_cam.run.sizing import EngineSizes

from streamv2v.config import StreamConfig


class Engine(SimpleNamespace):
    def rebuild(self, config: StreamConfig) -> None:
        self.asked = config


def test_a_size_is_chosen_by_name_and_what_is_not_offered_changes_nothing(tmp_path):
    start = StreamConfig(width=336, height=192, slots=1)
    engine = Engine(config=start, asked=None)
    stage = make_stage(tmp_path)
    stage.desk.sizes = EngineSizes(engine, (336, 192))
    stage.server.start()
    try:
        with stage.client() as client:
            offered = client.get("/api/engine/size").json()
            assert [choice["name"] for choice in offered if choice["current"]] == ["usual"]
            refused = client.post("/api/engine/size", json={"size": "huge"})
            assert refused.status_code == 422 and "small" in refused.json()["allowed"]
            assert engine.asked is None
            chosen = client.post("/api/engine/size", json={"size": "small"}).json()
            assert (chosen["width"], chosen["height"]) == (engine.asked.width, engine.asked.height) == (240, 136)
            assert engine.asked.slots == 1
        assert stage.stranger().post("/api/engine/size", json={"size": "small"}).status_code == 401
    finally:
        stage.server.stop()


def test_a_program_with_a_fixed_size_offers_none_and_says_so(tmp_path):
    stage = make_stage(tmp_path)
    stage.server.start()
    try:
        with stage.client() as client:
            assert client.get("/api/engine/size").json() == []
            assert client.post("/api/engine/size", json={"size": "small"}).status_code == 404
    finally:
        stage.server.stop()
