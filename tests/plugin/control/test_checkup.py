"""The routes of the doctor, and the checkup of a run behind them."""

from __future__ import annotations

import io
import zipfile

import pytest
from plugin.control.conftest import make_stage
from streamv2v_cam.run.checkup import Checkup
from streamv2v_cam.settings import load_settings

from tests.plugin.doctor.recorded import linux


@pytest.fixture
def checked(tmp_path, monkeypatch):
    for name in ("CONFIG", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    stage = make_stage(tmp_path)
    machine = linux(tmp_path / "root", nodes=[])
    stage.desk.doctor = Checkup(load_settings({}), lambda: stage.server.port, machine=machine)
    stage.server.start()
    yield stage, machine
    stage.server.stop()


def test_findings_are_told_with_the_token_alone(checked) -> None:
    stage, _ = checked
    with stage.client() as client:
        told = client.get("/api/doctor").json()
    keys = {finding["key"]: finding for finding in told["findings"]}
    assert told["worst"] == "warning" and told["counts"]["ok"] > 3
    assert "Plug one in" in keys["camera.none"]["remedy"] and keys["page.program"]["severity"] == "ok"
    assert stage.stranger().get("/api/doctor").status_code == 401
    assert stage.stranger().get("/api/doctor/bundle").status_code == 401


def test_beside_a_run_nothing_is_tried_out_and_a_second_dock_costs_nothing(checked) -> None:
    stage, machine = checked
    with stage.client() as client:
        client.get("/api/doctor")
        asked = set(machine.heard)
        machine.heard.clear()
        client.get("/api/doctor")
    assert not machine.heard and not any("probes" in command or "-c" in command for command in asked)


def test_the_bundle_is_a_zip_without_the_token(checked) -> None:
    stage, _ = checked
    with stage.client() as client:
        answer = client.get("/api/doctor/bundle")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        texts = [packed.read(name).decode() for name in packed.namelist()]
    assert len(texts) >= 6 and not any(stage.token.current() in text for text in texts)


def test_a_program_without_a_doctor_says_so(tmp_path) -> None:
    stage = make_stage(tmp_path)
    stage.server.start()
    try:
        with stage.client() as client:
            for place in ("/api/doctor", "/api/doctor/bundle"):
                assert client.get(place).status_code == 404 and "terminal" in client.get(place).json()["error"]
    finally:
        stage.server.stop()
