"""On demand: camera and engine rest while nobody watches, and what was seen before a rest is never shown after it."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from patience import until
from plugin.run.test_app import ENTRY, SMALL
from streamv2v_cam.airstate import AirState
from streamv2v_cam.frame import Frame
from streamv2v_cam.mailbox import Mailbox
from streamv2v_cam.run.app import App
from streamv2v_cam.run.ondemand import OnDemand, Watching, watching_of
from streamv2v_cam.settings import load_settings
from streamv2v_cam.settings.ondemand import OnDemandSettings
from streamv2v_cam.store import ControlStore
from streamv2v_cam.system.accesstoken import AccessToken


@pytest.fixture(autouse=True)
def _own_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))


class Part:
    """Stands for camera and engine: writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def rest(self) -> None:
        self.told.append("rest")

    def wake(self) -> None:
        self.told.append("wake")

    def unload(self) -> None:
        self.told.append("unload")

    def load_again(self) -> None:
        self.told.append("load")


class Show:
    """The mode on a clock of its own, with an audience that the test sets."""

    def __init__(self, **more: object) -> None:
        self.now_s, self.watching, self.begun = 50.0, Watching(("page",)), True
        self.camera, self.engine, self.store = Part(), Part(), ControlStore()
        self.pictures: Mailbox[Frame] = Mailbox()
        self.mode = OnDemand(
            OnDemandSettings(**{"on": True, "after_s": 5.0, **more}),  # type: ignore[arg-type]
            watching=lambda: self.watching,
            begun=lambda: self.begun,
            camera=self.camera,
            engine=self.engine,
            store=self.store,
            pictures=(self.pictures,),
            clock=lambda: self.now_s,
        )

    def go_on(self, seconds: float) -> None:
        for _ in range(round(seconds * 2)):
            self.now_s += 0.5
            self.mode.look()

    def leave(self) -> None:
        self.watching = Watching()


def test_they_rest_after_a_few_seconds_without_anybody_and_a_short_absence_is_none():
    show = Show()
    show.go_on(20)
    show.leave()
    show.go_on(4)
    show.watching = Watching(("page",))
    show.go_on(1)
    show.leave()
    show.go_on(5)
    assert show.camera.told == [] and not show.mode.resting
    show.go_on(1)
    assert show.camera.told == ["rest"] and show.mode.shown_from_s == math.inf
    show.go_on(100)
    assert show.camera.told == ["rest"] and show.engine.told == []
    assert show.mode.status() == {"on": True, "resting": True, "watched_by": [], "unseen": [], "told": ""}


def test_the_first_look_that_finds_somebody_ends_the_rest_and_nothing_from_before_it_is_left():
    show = Show()
    show.pictures.put(Frame(np.zeros((2, 2, 3), np.uint8), 0, show.now_s))
    show.leave()
    show.go_on(6)
    assert show.pictures.latest is None
    show.pictures.put(Frame(np.zeros((2, 2, 3), np.uint8), 1, show.now_s))
    show.watching = Watching(("virtual camera",))
    show.go_on(0.5)
    assert show.camera.told == ["rest", "wake"]
    assert show.pictures.latest is None and show.mode.shown_from_s == show.now_s
    assert show.store.current.bank_resets == 1


def test_nothing_rests_before_a_first_picture_nor_while_the_mode_is_off():
    show = Show()
    show.leave()
    show.begun = False
    show.go_on(60)
    show.begun = True
    show.go_on(4)
    assert not show.mode.resting
    show.mode.switch(False)
    show.go_on(60)
    assert not show.mode.resting
    show.mode.switch(True)
    show.go_on(6)
    assert show.mode.resting
    show.mode.switch(False)
    show.mode.look()
    assert show.camera.told == ["rest", "wake"]


def test_after_long_the_engine_is_unloaded_once_and_loaded_again_with_the_first_who_watches():
    show = Show(unload_after_s=60.0)
    show.leave()
    show.go_on(50)
    assert show.engine.told == []
    show.go_on(60)
    assert show.engine.told == ["unload"]
    show.watching = Watching(("page",))
    show.go_on(1)
    assert show.engine.told == ["unload", "load"]


def test_an_output_that_cannot_tell_counts_as_watched_and_that_is_said_in_one_line():
    watching = watching_of({"virtual camera 'OBS Virtual Camera'": None, "preview page": False, "a file": True})
    assert watching.by == ("virtual camera 'OBS Virtual Camera'", "a file")
    show = Show()
    show.watching = watching
    show.go_on(60)
    assert not show.mode.resting
    said: list[str] = []
    show.mode.begin(said.append)
    show.mode.stop()
    assert len(said) == 1 and "cannot be seen here, so it counts as watched" in said[0]


def test_a_look_that_fails_leaves_nobody_before_a_dark_picture(caplog):
    show = Show()
    show.leave()
    show.go_on(6)
    broken = threading.Event()

    def fail() -> Watching:
        broken.set()
        raise OSError("no /proc")

    show.mode._watching = fail
    show.mode._thread.start()
    assert broken.wait(20) and until(lambda: not show.mode.resting)
    show.mode.stop()
    assert "it cannot be seen who watches" in caplog.text


@pytest.fixture
def app(tmp_path) -> Iterator[App]:
    changes = {"on_demand.on": True, "on_demand.after_s": 1.0, "publish.record_folder": str(tmp_path)}
    app = App(load_settings(SMALL | changes, None), entry=ENTRY)
    app.start()
    yield app
    app.stop()


def test_a_run_that_nobody_watches_lets_go_of_its_source_and_a_page_brings_it_back(app, tmp_path):
    assert until(lambda: app.publisher.on_air.state is AirState.RESTING)
    assert until(lambda: not any(thread.name == "source" for thread in threading.enumerate()))
    before, captured = app.telemetry.snapshot(), app.telemetry.snapshot().captured
    assert until(lambda: app.telemetry.snapshot().published >= before.published + 10), "the beat goes on"
    assert app.telemetry.snapshot().captured == captured
    assert app.supervisor.pid is not None

    headers = {"Authorization": f"Bearer {AccessToken(tmp_path / 'token').current()}"}
    with httpx.Client(base_url=app.panel.server.address, headers=headers, timeout=20, trust_env=False) as client:
        air = client.get("/api/state").json()["air"]
        assert air["state"] == "resting" and air["reason"].startswith("Nobody watches")
        assert air["on_demand"]["resting"] and air["on_demand"]["watched_by"] == []
        with client.stream("GET", client.get("/api/stream").json()["air"]) as stream:
            chunks = stream.iter_bytes()
            while app.publisher.on_air.state is not AirState.LIVE:
                next(chunks)
            assert "preview page" in client.get("/api/state").json()["air"]["on_demand"]["watched_by"]
        assert until(lambda: app.publisher.on_air.state is AirState.RESTING)
        assert client.post("/api/on_demand", json={"on": False}).json()["on"] is False
        assert until(lambda: app.publisher.on_air.state is AirState.LIVE)


def test_a_recording_is_somebody_who_watches(app):
    assert until(lambda: app.publisher.on_air.state is AirState.RESTING)
    app.recorder.start()
    assert until(lambda: app.publisher.on_air.state is AirState.LIVE)
    app.recorder.stop()
    assert until(lambda: app.publisher.on_air.state is AirState.RESTING)
