"""OBS beside the program: a real one without a screen, ended, stopped, slowed, locked, and changed by hand."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from obs.headless import HeadlessObs, missing
from obs.program_restart import play
from streamv2v_cam.obs.session import ObsAddress, ObsSession

from .program import Program, stop_and_go
from .rooms import Room
from .watching import Look, NotSo, Row, wait, watch

SLOW_TIMES, SLOW_S = 5, 0.8
SECOND_S = 8.0


@dataclass
class Stage:
    """A program with its OBS process, connected to a real OBS of two scenes; the second one chooses a look."""

    program: Program
    obs: HeadlessObs
    password: Path

    def ask(self, request: str, **data: Any) -> dict[str, Any]:
        """One request to OBS, as another tool sends it."""
        session = ObsSession(ObsAddress("127.0.0.1", self.obs.port, self.obs.password))
        try:
            return session.request(request, **data)
        finally:
            session.close()

    def look_of(self, scene: str) -> str | None:
        """The look on air after OBS was switched to that scene."""
        self.ask("SetCurrentProgramScene", sceneName=scene)
        time.sleep(1.0)
        return self.program.look().told.get("look")

    @property
    def pid(self) -> int:
        """Of OBS."""
        assert self.obs._obs is not None
        return self.obs._obs.pid


def _connected(look: Look) -> bool:
    return look.told.get("obs", {}).get("state") == "connected"


def _said(look: Look) -> str:
    return look.told.get("obs", {}).get("reason", "")


@contextlib.contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """The program live, and connected."""
    if (reason := missing()) is not None:
        raise NotSo(reason)
    secret = folder / "password"
    secret.touch(mode=0o600)
    with HeadlessObs(folder / "obs", scenes=("Main", "Other")) as obs:
        secret.write_text(obs.password)
        settings = (
            f'[obs]\nport = {obs.port}\npassword_file = "{secret}"\n[obs.scenes]\nOther = "pencil"\nMain = "oil"\n'
        )
        with Program(folder / "program", "--obs", settings=settings) as program:
            program.until_live()
            wait(lambda: _connected(program.look()), "OBS connected")
            yield Stage(program, obs, secret)


def gone(stage: Stage) -> Row:
    """It crashes; it is started again once that is noticed."""
    return watch(
        stage.program, "OBS crashes, started again", stage.obs.kill, well=_connected, words=_said, mend=stage.obs.start
    )


def hangs(stage: Stage) -> Row:
    """It answers nothing until that is noticed."""
    return watch(
        stage.program,
        "OBS hangs",
        lambda: os.kill(stage.pid, signal.SIGSTOP),
        well=_connected,
        words=_said,
        mend=lambda: os.kill(stage.pid, signal.SIGCONT),
    )


def slow(stage: Stage) -> Row:
    """It answers late: stopped again and again for most of a second."""

    def crawl() -> None:
        for _ in range(SLOW_TIMES):
            stop_and_go([stage.pid], SLOW_S)
            time.sleep(0.2)

    row = watch(
        stage.program,
        f"OBS answers up to {SLOW_S:g} s late",
        threading.Thread(target=crawl, daemon=True).start,
        well=_connected,
        words=_said,
        for_s=SLOW_TIMES * (SLOW_S + 0.2) + 1,
    )
    row.said = row.said or "nothing"
    return row


def password(stage: Stage) -> Row:
    """Its password was changed while it was away; the right one is given to the program once that is noticed."""
    right = stage.password.read_text()

    def change() -> None:
        stage.password.write_text("not this one")
        stage.obs.kill()
        stage.obs.start()

    return watch(
        stage.program,
        "OBS wants another password",
        change,
        well=lambda look: _connected(look) or "password" not in _said(look),
        words=_said,
        mend=lambda: stage.password.write_text(right),
    )


def collection(stage: Stage) -> Row:
    """Another scene collection, in which nothing of ours is, and back; scenes choose looks again afterwards."""

    def switch() -> None:
        with contextlib.suppress(Exception):
            stage.ask("CreateSceneCollection", sceneCollectionName="Second")
            time.sleep(1.5)
            stage.ask("SetCurrentSceneCollection", sceneCollectionName="Test")

    thread = threading.Thread(target=switch, daemon=True)
    row = watch(stage.program, "OBS: scene collection", thread.start, well=_connected, words=_said, for_s=5.0)
    thread.join(20)
    looks = [stage.look_of(scene) for scene in ("Other", "Main")]
    row.said, row.note = row.said or "nothing", "scenes choose looks again"
    row.wrong = "" if looks == ["pencil", "oil"] else f"the scenes chose {looks}"
    return row


def studio(stage: Stage) -> Row:
    """Studio mode: a scene in the preview chooses nothing until it is taken over."""
    looks: list[Any] = []

    def prepare() -> None:
        stage.ask("SetStudioModeEnabled", studioModeEnabled=True)
        stage.ask("SetCurrentPreviewScene", sceneName="Other")
        time.sleep(1.0)
        looks.append(stage.program.look().told.get("look"))
        stage.ask("TriggerStudioModeTransition")
        time.sleep(1.5)
        looks.append(stage.program.look().told.get("look"))
        stage.ask("SetStudioModeEnabled", studioModeEnabled=False)

    stage.look_of("Main")
    thread = threading.Thread(target=prepare, daemon=True)
    row = watch(stage.program, "OBS: studio mode", thread.start, well=_connected, words=_said, for_s=5.0)
    thread.join(20)
    row.said, row.note = row.said or "nothing", "the preview chooses no look, the program does"
    row.wrong = "" if looks == ["oil", "pencil"] else f"looks in preview and program: {looks}"
    return row


def two_hands(stage: Stage) -> Row:
    """A second OBS process for the same OBS and program."""
    command = [sys.executable, "-m", "streamv2v_cam", "obs"]
    server = f"http://127.0.0.1:{stage.program.port}"
    said = stage.program.folder / "second.txt"
    started: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        with said.open("wb") as log:
            started.append(
                subprocess.Popen([*command, "--server", server], env=stage.program.environment, stdout=log, stderr=log)
            )

    row = watch(stage.program, "a second OBS process", start, well=_connected, words=_said, for_s=SECOND_S)
    started[0].terminate()
    started[0].wait(20)
    lines = [line.strip() for line in said.read_text("utf-8", "replace").splitlines() if "already" in line]
    row.said = lines[0] if lines else "nothing"
    row.wrong = "" if lines else "the second said nothing"
    return row


def child_killed(stage: Stage) -> Row:
    """The OBS process itself ends; the program starts it again."""

    def kill() -> None:
        for child in psutil.Process(stage.program.process.pid).children():
            if "obs" in child.cmdline():
                child.kill()

    before = stage.program.look()
    kill()
    took_s = wait(lambda: stage.look_of("Other") == "pencil" and stage.look_of("Main") == "oil", "scenes choose looks")
    after = stage.program.look()
    row = Row("OBS process killed", on_air=after.state, again_s=round(took_s, 1), late=after.late - before.late)
    row.said = stage.program.said_with("OBS process has ended") or "nothing"
    row.note = "again: a scene chooses its look"
    return row


def elsewhere(folder: Path) -> Row:
    """The program is started again while OBS shows another scene, with the page's picture in the first one."""
    if (reason := missing()) is not None:
        raise NotSo(reason)
    with HeadlessObs(folder / "obs", scenes=("Main", "Other")) as obs:
        found = play(folder, obs, 1)[0]
    row = Row("program started again, OBS at another scene", said="nothing", again_s=found["live_s"])
    row.on_air = f"{'black > ' if found['dead_first'] else ''}the page's picture in OBS"
    row.note = f"picture in OBS after {found['shown_s']} s"
    row.wrong = "" if found["shown_s"] is not None and found["live_s"] is not None else "not again"
    return row


ROOM = Room(
    "obs",
    stage,
    {
        "obs-studio": studio,
        "obs-collection": collection,
        "obs-second": two_hands,
        "obs-slow": slow,
        "obs-child": child_killed,
        "obs-gone": gone,
        "obs-hangs": hangs,
        "obs-password": password,
    },
)
ELSEWHERE = Room("elsewhere", None, {"obs-elsewhere": elsewhere})
