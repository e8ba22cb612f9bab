"""With a real OBS: it goes and comes back, comes late, the program is away, the password is wrong."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from obs.headless import HeadlessObs
from patience import until
from plugin.obs.conftest import ENTRY, SCRIPT, Air, Stage, prompt_of, settings_for
from streamv2v_cam.obs.errors import RequestRefused
from streamv2v_cam.obs.password import keep_password
from streamv2v_cam.obs.process import ObsProcess
from streamv2v_cam.run.app import App


@pytest.mark.slow
def test_obs_that_is_killed_and_started_again_is_found_and_its_hotkeys_work_again(stage: Stage):
    process = stage.begin()
    stage.press("look_2")
    assert until(lambda: stage.look == "look2")
    stage.obs.kill()
    assert until(lambda: not process.obs.status.connected and process.obs.status.reason)
    assert until(lambda: not told_of_obs(stage)["connected"])
    stage.obs.start()
    assert until(lambda: process.obs.status.connected, within_s=40)
    assert stage.look == "look2", "presses from before were repeated"
    stage.press("next_look")
    assert stage.air.wait_for(prompt_of("look3"))
    assert until(lambda: told_of_obs(stage)["connected"])


def test_a_scene_collection_with_old_presses_in_it_repeats_none_of_them(stage: Stage):
    stage.press("look_5", "look_6")
    stage.ask("CreateSceneCollection", sceneCollectionName="Other")
    process = stage.begin()
    try:
        assert stage.look == "look1"
    finally:
        stage.ask("SetCurrentSceneCollection", sceneCollectionName="Test")
    assert until(lambda: process.obs.status.connected and pressed_is_seen(stage, "look_2", "look2"))
    seen: list[str | None] = []
    unsubscribe = stage.app.store.subscribe(lambda snapshot: seen.append(snapshot.look))
    stage.press("look_3")
    assert until(lambda: seen)
    unsubscribe()
    assert seen == ["look3"]


def test_a_wrong_token_is_said_with_the_setting_that_names_it(stage: Stage, tmp_path: Path):
    other = tmp_path / "token"
    settings = settings_for(tmp_path, stage.obs.port, server=stage.app.panel.server.address, token_file=str(other))
    process = ObsProcess(settings, password=lambda: stage.obs.password)
    process.start()
    assert until(lambda: "obs.token_file" in process.host.state.reason)
    other.write_text(stage.settings.token_path.read_text())
    assert until(lambda: process.host.state.online)
    process.stop()


def test_the_program_shows_how_it_stands_with_obs(stage: Stage):
    stage.begin()
    assert until(lambda: told_of_obs(stage).get("scene") == "Main")
    stage.ask("SetCurrentProgramScene", sceneName="Talk")
    assert until(lambda: told_of_obs(stage).get("scene") == "Talk")
    told = told_of_obs(stage)
    assert told["version"].count(".") >= 2 and told["streaming"] is False and told["recording"] is False


@pytest.mark.slow
def test_with_a_wrong_password_nothing_works_until_the_right_one_is_kept(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr("streamv2v_cam.obs.owner.LONGEST_PAUSE_S", 1.0)
    given = ["not-the-password"]
    process = stage.begin(password=lambda: given[-1])
    assert until(lambda: "refused the password" in process.obs.status.reason)
    assert until(lambda: "password" in told_of_obs(stage)["reason"])
    stage.press("look_4")
    given.append(stage.obs.password)
    assert until(lambda: process.obs.status.connected)
    stage.press("look_5")
    assert until(lambda: stage.look == "look5")
    assert "not-the-password" not in caplog.text and stage.obs.password not in caplog.text


@pytest.mark.slow
def test_presses_while_the_program_is_away_do_not_come_all_at_once_later(stage: Stage, tmp_path: Path):
    first = App(settings_for(tmp_path, stage.obs.port), entry=ENTRY)
    first.start()
    port = first.panel.server.port
    settings = settings_for(tmp_path, stage.obs.port, server=first.panel.server.address)
    process = ObsProcess(settings, password=lambda: stage.obs.password)
    process.start()
    try:
        assert until(lambda: process.obs.status.connected and process.host.state.online)
        stage.press("look_3")
        assert until(lambda: first.store.current.look == "look3")
        first.stop()
        assert until(lambda: not process.host.state.online)
        stage.press("look_4", "look_5")
        time.sleep(3.0)
        second = App(settings_for(tmp_path, stage.obs.port, port=port), entry=ENTRY)
        second.start()
        try:
            assert until(lambda: process.host.state.online)
            time.sleep(0.3)
            assert second.store.current.look == "look1"
            stage.press("look_6")
            assert until(lambda: second.store.current.look == "look6")
        finally:
            second.stop()
    finally:
        process.stop()
        first.stop()


@pytest.mark.slow
def test_a_run_with_obs_starts_the_process_itself_even_when_obs_comes_late(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # where the child keeps its log
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    late = HeadlessObs(tmp_path / "late", scripts=[SCRIPT], scenes=("Main",))
    kept = settings_for(tmp_path, late.port, password_file=str(tmp_path / "obs-password"))
    keep_password(kept, late.password)
    assert (tmp_path / "obs-password").stat().st_mode & 0o777 == 0o600
    app = App(
        settings_for(tmp_path, late.port, with_run=True, password_file=str(tmp_path / "obs-password")), entry=ENTRY
    )
    air = Air()
    app.start()
    app.publisher.add_sink(air)
    try:
        assert air.wait_for(prompt_of("look1"))
        assert until(lambda: app.obs is not None and app.obs.pid)
        late.start()
        late_stage = Stage(late, app, air, kept)
        add_hotkey_input(late_stage)
        assert until(lambda: told_of_obs(late_stage).get("connected"), within_s=60)
        # the input came after the connection: it is found within two seconds
        time.sleep(2.5)
        late_stage.press("look_8")
        assert air.wait_for(prompt_of("look8"))
    finally:
        app.stop()
        late.stop()
    assert app.obs is not None and app.obs.pid is None
    log = next((tmp_path / "state").rglob("*.log")).read_text()
    assert "Connected to OBS" in log and late.password not in log


def told_of_obs(stage: Stage) -> dict:
    """What the API of the program says about OBS."""
    import httpx
    from streamv2v_cam.system.accesstoken import AccessToken

    headers = {"Authorization": f"Bearer {AccessToken(stage.settings.token_path).current()}"}
    address = stage.app.panel.server.address.rstrip("/")
    return httpx.get(f"{address}/api/state", headers=headers, trust_env=False, verify=False).json()["obs"]


def pressed_is_seen(stage: Stage, key: str, look: str) -> bool:
    """Whether a press, repeated while the script is loaded again, has chosen its look; no other look was chosen."""
    try:
        stage.press(key)
    except RequestRefused:
        return False
    time.sleep(0.2)
    assert stage.look in ("look1", look)
    return stage.look == look


def add_hotkey_input(stage: Stage) -> None:
    from streamv2v_cam.obs.setup import Setup

    session = stage.session()
    Setup(session).hotkey_input("")
    session.close()
