"""Start a real OBS Studio without a screen: Xvfb, software rendering, obs-websocket on a free port.

    python scripts/obs/headless.py --script plugin/streamv2v_cam/obs/streamv2v.lua

Everything OBS writes lies in one folder, which it keeps between starts. Debian and Ubuntu:

    apt-get install --no-install-recommends obs-studio obs-plugins xvfb libgl1-mesa-dri libegl1 dbus fonts-dejavu-core

STREAMV2V_TEST_OBS names another OBS than the `obs` on PATH, as a command line: "chroot /srv/trixie obs".
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COMMAND_VARIABLE = "STREAMV2V_TEST_OBS"
START_LIMIT_S = 90.0
STOP_LIMIT_S = 10.0
MAIN_SCENE = "Main"

# FirstRun=true means that the first run is over: no wizard. OBS 28 to 30.1 read all of it from here.
_GLOBAL_INI = """\
[General]
FirstRun=true
LastVersion=486539266
InfoIncrement=999
EnableAutoUpdates=false
Pre19Defaults=false
Pre21Defaults=false
Pre23Defaults=false
Pre24.1Defaults=false
[Basic]
Profile=Test
ProfileDir=Test
SceneCollection=Test
SceneCollectionFile=Test
ConfigOnNewProfile=false
[BasicWindow]
SysTrayEnabled=false
[OBSWebSocket]
FirstLoad=false
ServerEnabled=true
ServerPort={port}
AlertsEnabled=false
AuthRequired=true
ServerPassword={password}
"""
_BASIC_INI = """\
[General]
Name=Test
[Video]
BaseCX={width}
BaseCY={height}
OutputCX={width}
OutputCY={height}
FPSType=0
FPSCommon=30
[Output]
Mode=Simple
"""


def obs_command() -> list[str] | None:
    """How OBS is started here; None where there is none."""
    asked = os.environ.get(COMMAND_VARIABLE)
    return shlex.split(asked) if asked else [found] if (found := shutil.which("obs")) else None


def missing() -> str | None:
    """What stands in the way of a headless OBS, in words; None when nothing does."""
    if sys.platform != "linux":
        return "a headless OBS needs Linux (Xvfb)"
    absent = [name for name, found in (("obs", obs_command()), ("Xvfb", shutil.which("Xvfb"))) if not found]
    return f"not installed: {', '.join(absent)}" if absent else None


class HeadlessObs:
    """One OBS with its own display, settings, port and password.

    Args:
        folder: where everything of it lies.
        scripts: loaded by OBS at its start.
        script_settings: what each script is given, hotkey bindings included.
        scenes: names of the scenes there are from the beginning.
        width, height: of its canvas, px.
        port: of obs-websocket; None takes a free one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        scripts: Sequence[Path] = (),
        script_settings: dict[str, Any] | None = None,
        scenes: Sequence[str] = (MAIN_SCENE,),
        width: int = 640,
        height: int = 360,
        port: int | None = None,
    ) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.password = secrets.token_urlsafe(12)
        self.log = folder / "obs.log"
        self._obs: subprocess.Popen[bytes] | None = None
        self._display: subprocess.Popen[bytes] | None = None
        self._number = ""
        self._settings = folder / "config" / "obs-studio"
        self._write_settings(width, height)
        self._write_scenes(scenes, scripts, script_settings or {})

    def __enter__(self) -> HeadlessObs:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def scene_collection(self) -> Path:
        """The file in which OBS keeps scenes and the settings of scripts."""
        return self._settings / "basic" / "scenes" / "Test.json"

    @property
    def saved_scenes(self) -> str:
        """What OBS last kept in `scene_collection`; empty in the moment in which it changes the file for a new one."""
        try:
            return self.scene_collection.read_text("utf-8")
        except FileNotFoundError:
            # it moves the old file out of the way before it gives the new one its name
            return ""

    def start(self) -> None:
        """Begin, and wait until the port answers. OBS 30 and newer then still say "not ready" for a moment.

        Raises:
            RuntimeError: OBS ended, or its port never answered; with the end of its log.
        """
        if self._display is None:
            self._start_display()
        command = obs_command() or ["obs"]
        options = ["--multi", "--minimize-to-tray", "--disable-updater", "--disable-missing-files-check"]
        # OBS 30 asks a person after a crash whether to begin in safe mode
        options.append("--disable-shutdown-check")
        with self.log.open("ab") as log:
            self._obs = subprocess.Popen(
                [*command, *options, "--collection", "Test", "--profile", "Test"],
                env=self._environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline_s = time.monotonic() + START_LIMIT_S
        while not answers(self.port):
            if self._obs.poll() is not None or time.monotonic() > deadline_s:
                tail = self.log.read_text("utf-8", "replace")[-2000:]
                self.stop()
                raise RuntimeError(f"OBS has no websocket on port {self.port}:\n{tail}")
            time.sleep(0.1)

    def kill(self) -> None:
        """End OBS as a crash would; the display stays, so that it can be started again."""
        if self._obs is not None:
            self._obs.kill()
            self._obs.wait()
            self._obs = None

    def stop(self) -> None:
        """End OBS and its display; safe to call twice."""
        for process in (self._obs, self._display):
            if process is not None and process.poll() is None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(STOP_LIMIT_S)
                if process.poll() is None:
                    process.kill()
                    process.wait()
        self._obs = self._display = None

    def _start_display(self) -> None:
        read_end, write_end = os.pipe()
        # Xvfb looks for a free display itself and writes its number into the pipe.
        self._display = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1280x720x24", "-nolisten", "tcp"],
            pass_fds=[write_end],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(write_end)
        with os.fdopen(read_end) as numbers:
            self._number = numbers.readline().strip()
        if not self._number:
            raise RuntimeError("Xvfb has not started")

    def _environment(self) -> dict[str, str]:
        home, run = self.folder / "home", self.folder / "run"
        home.mkdir(exist_ok=True)
        run.mkdir(mode=0o700, exist_ok=True)
        own = {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_RUNTIME_DIR": str(run),
            "DISPLAY": f":{self._number}",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "QT_QPA_PLATFORM": "xcb",
            "QT_LOGGING_RULES": "*=false",
        }
        kept = {key: value for key, value in os.environ.items() if key != "DBUS_SESSION_BUS_ADDRESS"}
        return kept | own

    def _write_settings(self, width: int, height: int) -> None:
        profile = self._settings / "basic" / "profiles" / "Test"
        profile.mkdir(parents=True, exist_ok=True)
        (self._settings / "global.ini").write_text(_GLOBAL_INI.format(port=self.port, password=self.password))
        (profile / "basic.ini").write_text(_BASIC_INI.format(width=width, height=height))

    def _write_scenes(self, scenes: Sequence[str], scripts: Sequence[Path], settings: dict[str, Any]) -> None:
        self.scene_collection.parent.mkdir(parents=True, exist_ok=True)
        collection = {
            "name": "Test",
            "current_scene": scenes[0],
            "current_program_scene": scenes[0],
            "scene_order": [{"name": name} for name in scenes],
            "sources": [{"id": "scene", "name": name, "settings": {"items": []}} for name in scenes],
            "modules": {"scripts-tool": [{"path": str(path.resolve()), "settings": settings} for path in scripts]},
        }
        self.scene_collection.write_text(json.dumps(collection))


def free_port() -> int:
    """A port of this machine that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def main() -> None:
    """Start OBS and keep it until Ctrl-C."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--script", type=Path, action="append", default=[], help="a script for OBS; repeatable")
    parser.add_argument("--folder", type=Path, help="where OBS keeps its things; a temporary one otherwise")
    asked = parser.parse_args()
    if (reason := missing()) is not None:
        sys.exit(f"error: {reason}")
    with contextlib.ExitStack() as stack:
        folder = asked.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        obs = stack.enter_context(HeadlessObs(folder.resolve(), scripts=asked.script))
        secret = folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(obs.password)
        print(f"OBS listens on port {obs.port}; its password is in {secret}. Ctrl-C ends it.", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(1.0)


if __name__ == "__main__":
    main()
