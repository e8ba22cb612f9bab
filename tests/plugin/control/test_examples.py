"""The examples of docs/control-api.md, run as they stand there (with the port and the token of the test)."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from plugin.control.conftest import heard

PAGE = Path(__file__).resolve().parents[3] / "docs" / "control-api.md"


def block(language: str, number: int = 0) -> str:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)[number]


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="no curl or no bash is installed here")
def test_the_curl_example_chooses_a_look_and_then_a_prompt(stage, tmp_path):
    program = tmp_path / "streamv2v-cam"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m streamv2v_cam "$@"\n')
    program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(part for part in sys.path if part),
        # the token of the test lies beside these settings
        "STREAMV2V_CONFIG": str(stage.folder / "settings.toml"),
        "NO_PROXY": "*",
    }
    script = next(text for text in (block("sh", 0), block("sh", 1)) if "curl" in text)
    script = "set -e\n" + script.replace(":8765", f":{stage.server.port}")
    before = stage.store.current.revision
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    now = stage.store.current
    assert (now.revision, now.controls.prompt, now.controls.strength) == (before + 2, "a charcoal sketch at night", 0.6)
    assert '"look":"neon"' in done.stdout


def test_the_stream_deck_example_covers_the_picture_however_often_it_is_pressed(stage):
    fields = json.loads(block("json").replace("TOKEN", stage.token.current()).replace(":8765", f":{stage.server.port}"))
    stage.store.apply({"mode": "effect"})
    with stage.stranger() as client:
        for _ in range(2):
            answer = client.request(fields["method"], fields["url"], headers=fields["headers"], json=fields["body"])
            assert answer.status_code == 200
            assert stage.store.current.controls.mode == "privacy"


def test_the_streamer_bot_example_goes_to_the_next_look_and_then_to_a_prompt(stage):
    lines = block("jsonl").replace("TOKEN", stage.token.current()).splitlines()
    stage.command(command="look", name="oil")

    async def talk() -> list[dict]:
        async with stage.events(**{"X-Nothing": "here"}) as events:
            for line in lines:
                await events.send(line)
            return [await heard(events, "answer") for _ in lines[1:]]

    answers = asyncio.run(talk())
    assert [(answer["id"], answer["ok"]) for answer in answers] == [("points", True), ("chat", True)]
    assert answers[0]["look"] == "neon"
    assert stage.store.current.controls.prompt == "a stained glass window"


def test_the_messages_that_the_page_shows_have_the_fields_that_are_sent(stage):
    shown = [json.loads(line) for line in block("jsonl", 1).splitlines()]

    async def listen() -> dict[str, dict]:
        async with stage.events() as events:
            found = {"state": await heard(events, "state")}
            await events.send('{"id": "points", "command": "strength_up"}')
            while len(found) < 4:
                message = await heard(events)
                found[message["type"]] = message
            return found

    found = asyncio.run(listen())
    for message in shown:
        assert set(message) <= set(found[message["type"]])
    for kind in ("change", "answer"):
        assert set(found[kind]) == set(next(message for message in shown if message["type"] == kind))


def test_every_request_and_command_of_the_page_exists_and_none_is_left_out(stage):
    from typing import get_args

    from streamv2v_cam.control.bodies import COMMANDS

    page = PAGE.read_text("utf-8")
    with stage.client() as client:
        described = client.get("/api/openapi.json").json()["paths"]
    there = {
        f"{method.upper()} {path}".replace("{name}", "NAME").replace("{id}", "ID")
        for path, item in described.items()
        for method in item
    }
    written = set(re.findall(r"^\| `((?:GET|POST|PATCH|DELETE) \S+)` \|", page, re.MULTILINE))
    assert written == there | {"GET /healthz"}
    rows = page.partition("| command | does |")[2].partition("\n\n")[0].splitlines()
    commands = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1] if "|" in row else "")}
    assert commands - {"number", "name", "step"} == set(get_args(COMMANDS))
