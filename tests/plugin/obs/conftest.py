"""A real OBS without a screen, a real run with the small engine, and the OBS process between them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from obs.headless import HeadlessObs, missing
from patience import until
from plugin.engine.stand_in import tint
from streamv2v_cam.frame import Pixels
from streamv2v_cam.obs.process import ObsProcess
from streamv2v_cam.obs.session import ObsAddress, ObsSession
from streamv2v_cam.obs.setup import Setup
from streamv2v_cam.run.app import App
from streamv2v_cam.settings import LoadedSettings, load_settings

TESTS = Path(__file__).resolve().parents[2]
ENTRY = f"{TESTS / 'plugin' / 'engine' / 'stand_in.py'}:main"
SCRIPT = TESTS.parent / "plugin" / "streamv2v_cam" / "obs" / "streamv2v.lua"
SCENES = ("Main", "Game", "Talk")
NAMES = tuple(f"look{number}" for number in range(1, 10))
BINDING = {"streamv2v.look_9": [{"key": "OBS_KEY_F9", "control": True}]}


class Air:
    """A sink that keeps the newest picture on air, and all of them while `kept` is a list."""

    name = "the test"

    def __init__(self) -> None:
        self.picture: Pixels | None = None
        self.kept: list[Pixels] | None = None
        self._news = threading.Condition()

    def send(self, pixels: Pixels) -> None:
        with self._news:
            self.picture = pixels
            if self.kept is not None:
                self.kept.append(pixels)
            self._news.notify_all()

    def close(self) -> None:
        pass

    def shows(self, prompt: str) -> bool:
        """Whether the newest picture has the colour of `prompt`."""
        return self.picture is not None and has_tint(self.picture, prompt)

    def wait_for(self, prompt: str, *, within_s: float = 20.0) -> float | None:
        """The moment (monotonic) at which a picture of `prompt` was sent; None when none was in time."""
        with self._news:
            if self._news.wait_for(lambda: self.shows(prompt), within_s):
                return time.monotonic()
        return None


def has_tint(picture: Pixels, prompt: str, *, within: float = 0.05) -> bool:
    """Whether a picture, RGB [H, W, 3], is the small engine's translation for `prompt`."""
    means = picture.reshape(-1, 3).mean(axis=0)
    wanted = tint(prompt) / tint(prompt).max()
    return bool(means.max() > 8 and np.abs(means / means.max() - wanted).max() < within)


@dataclass
class Stage:
    """What a test plays on."""

    obs: HeadlessObs
    app: App
    air: Air
    settings: LoadedSettings
    process: ObsProcess | None = None

    @property
    def address(self) -> ObsAddress:
        return ObsAddress("127.0.0.1", self.obs.port, self.obs.password)

    def session(self) -> ObsSession:
        return ObsSession(self.address)

    def ask(self, request: str, **data: Any) -> dict[str, Any]:
        """One request to OBS over a connection of its own, as another tool would send it."""
        session = self.session()
        try:
            return session.request(request, **data)
        finally:
            session.close()

    def press(self, *commands: str) -> None:
        """Press hotkeys of the script."""
        session = self.session()
        try:
            for command in commands:
                session.request("TriggerHotkeyByName", hotkeyName=f"streamv2v.{command}")
        finally:
            session.close()

    @property
    def look(self) -> str | None:
        return self.app.store.current.look

    def begin(self, password: Callable[[], str] | None = None, **changes: Any) -> ObsProcess:
        """Start the OBS process with other settings of [obs], and wait until it is connected to both sides."""
        self.process = ObsProcess(self.process_settings(**changes), password=password or (lambda: self.obs.password))
        self.process.start()
        if password is None:
            assert until(lambda: self.process and self.process.obs.status.connected)
        assert until(lambda: self.process and self.process.host.state.online)
        return self.process

    def process_settings(self, **changes: Any) -> LoadedSettings:
        """Settings of an OBS process for this run, with others of [obs]."""
        changes.setdefault("server", self.app.panel.server.address)
        return settings_for(self.settings.path.parent, self.obs.port, **changes)

    def end(self) -> None:
        if self.process is not None:
            self.process.stop()
            self.process = None


def settings_for(folder: Path, obs_port: int, *, port: int = 0, **obs: Any) -> LoadedSettings:
    """Small settings with nine looks; the token and all files lie in `folder`."""
    path = folder / "settings.toml"
    if not path.exists():
        path.touch()
        looks = "".join(f'[{name}]\nprompt = "{name} {"x" * index}"\n' for index, name in enumerate(NAMES))
        # own looks stand behind the shipped ones unless they are given the numbers of keys
        numbers = "[numbers]\n" + "".join(f"{name} = {index}\n" for index, name in enumerate(NAMES, 1))
        (folder / "looks.toml").write_text(numbers + looks)
    given = {
        "publish.width": 320,
        "publish.height": 180,
        "publish.sinks": "null",
        "engine.width": 128,
        "engine.height": 72,
        "engine.model": "stand-in",
        "capture.source": "presenter",
        "capture.width": 320,
        "capture.height": 180,
        "control.port": port,
        "control.open_browser": "never",
        "control.looks_file": str(folder / "looks.toml"),
        "obs.port": obs_port,
    }
    return load_settings(given | {f"obs.{name}": value for name, value in obs.items()}, path)


def prompt_of(look: str) -> str:
    """The prompt of one of the nine looks."""
    return f"{look} {'x' * NAMES.index(look)}".strip()


@pytest.fixture(scope="module")
def real_obs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeadlessObs]:
    """A running OBS with our script, set up as `obs setup` does it."""
    if (reason := missing()) is not None:
        pytest.skip(f"no OBS to test against: {reason}")
    folder = tmp_path_factory.mktemp("obs")
    with HeadlessObs(folder, scripts=[SCRIPT], script_settings=BINDING, scenes=SCENES) as obs:
        session = ObsSession(ObsAddress("127.0.0.1", obs.port, obs.password))
        Setup(session, "Main").hotkey_input(str(SCRIPT))
        session.close()
        assert until(lambda: "StreamV2V commands" in obs.saved_scenes)
        yield obs


@pytest.fixture(scope="module")
def running(real_obs: HeadlessObs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A real run with the small engine, its pictures kept."""
    settings = settings_for(tmp_path_factory.mktemp("host"), real_obs.port)
    app = App(settings, entry=ENTRY)
    air = Air()
    app.start()
    app.publisher.add_sink(air)
    assert until(app.publisher.styled_on_air.is_set)
    yield Stage(real_obs, app, air, settings)
    app.stop()


@pytest.fixture
def stage(running: Stage) -> Iterator[Stage]:
    """OBS and the run at their beginning: the first look, the first scene; the OBS process is not started."""
    running.ask("SetCurrentProgramScene", sceneName="Main")
    look = running.app.settings.looks().get("look1")
    running.app.store.apply({**look.patch(), "mode": "effect"}, look=look.name)
    yield running
    running.end()


def ring_in(answer: dict[str, Any]) -> dict[str, Any]:
    """The ring of presses in the settings of the hidden input."""
    return json.loads(answer["inputSettings"]["streamv2v"])
