"""What the API answers: words of its own for a refusal, and text whatever it is about."""

from __future__ import annotations

import asyncio
from typing import Any

from plugin.control.conftest import heard, make_stage
from streamv2v_cam.control import Report


def test_a_refusal_says_what_is_allowed_in_words_of_its_own(stage):
    with stage.client() as client:
        for path, field, given, allowed in (
            ("/api/looks", "title", "", "at least 1 character"),
            ("/api/source", "id", "x" * 41, "at most 40 characters"),
            ("/api/source", "id", 3, "a valid string"),
        ):
            refused = client.post(path, json={field: given}).json()
            assert (refused["field"], refused["allowed"]) == (field, allowed)


def test_a_name_of_a_file_that_is_no_text_costs_a_sign_and_not_the_state(tmp_path):
    stage = make_stage(tmp_path)
    stage.report.append(Report("live", source="caf\udce9.mp4"))
    stage.server.start()

    async def first() -> dict[str, Any]:
        async with stage.events() as events:
            return await heard(events, "state")

    try:
        with stage.client() as client:
            assert client.get("/api/state").json()["air"]["source"] == "caf?.mp4"
        assert asyncio.run(first())["air"]["source"] == "caf?.mp4"
    finally:
        stage.server.stop()
