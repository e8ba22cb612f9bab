"""What the doctor says beside a run of the program, wherever its page is and however its settings are by now."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from streamv2v_cam.doctor import examination, examine
from streamv2v_cam.doctor.examination import case_of
from streamv2v_cam.system import runfile

from tests.plugin.doctor.recorded import METADATA, OBS_NODE, OURS, WEBCAM, RecordedMachine, linux, write

OTHERS = "streamv2v-cam-look-alike"


class Healthy(BaseHTTPRequestHandler):
    """Answers as the program does."""

    def do_GET(self) -> None:
        body = json.dumps({"ok": True}).encode()
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def page_port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Healthy)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runfile, "user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))


def machine_of(root: Path, *, number: int = 77, name: str = "streamv2v-cam", **facts) -> RecordedMachine:
    """A machine on air: somebody has the webcam and writes to the virtual camera."""
    held = {"/dev/video0": [(number, name)], "/dev/video10": [(number, name)]}
    nodes = [WEBCAM, METADATA, OBS_NODE, replace(OURS, captures=True, outputs=False)]
    return linux(root, held=held, nodes=nodes, **facts)


def keys_of(machine: RecordedMachine) -> tuple[set[str], bool, bool]:
    """What is found, whether the program was seen, whether anything was tried out."""
    report = examine(case_of(machine))
    return {finding.key for finding in report.findings}, report.case.program, report.case.deep


def test_a_run_whose_page_is_at_another_port_is_seen(tmp_path: Path, page_port: int) -> None:
    runfile.announce("127.0.0.1", page_port)
    machine = machine_of(tmp_path, number=os.getpid(), name="python3", listening=[page_port])
    keys, program, deep = keys_of(machine)
    assert program and not deep
    assert "page.program" in keys and not keys & {"camera.busy", "loopback.taken", "camera.silent"}


@pytest.mark.parametrize("announced", [True, False], ids=["by its file", "at the usual port"])
def test_a_run_is_seen_although_its_settings_were_broken_meanwhile(
    announced: bool, tmp_path: Path, page_port: int, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folders, {"settings.toml": "broken = [\n"})
    if announced:
        runfile.announce("127.0.0.1", page_port)
    else:
        monkeypatch.setattr(examination, "DEFAULT_PORT", page_port)
    keys, program, deep = keys_of(machine_of(tmp_path, listening=[page_port]))
    assert program and not deep and "settings.refused" in keys
    assert not keys & {"camera.busy", "loopback.taken"}


def test_a_run_whose_page_does_not_answer_is_no_stranger_and_nothing_is_tried_beside_it(tmp_path: Path) -> None:
    keys, program, deep = keys_of(machine_of(tmp_path))
    assert not program and not deep and not keys & {"camera.busy", "loopback.taken"}
    runfile.announce("127.0.0.1", 9)
    keys, program, deep = keys_of(machine_of(tmp_path, number=os.getpid(), name="python3"))
    assert not program and not deep and not keys & {"camera.busy", "loopback.taken"}


def test_another_program_is_still_told_by_its_name(tmp_path: Path) -> None:
    keys, *_ = keys_of(machine_of(tmp_path, name=OTHERS))
    assert {"camera.busy", "loopback.taken"} <= keys
