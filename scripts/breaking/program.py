"""The program itself in a process of its own, as a person starts it, seen through its API."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
from obs.headless import free_port
from streamv2v_cam.obs.errors import ObsError
from streamv2v_cam.obs.host import check_address, request_json
from streamv2v_cam.obs.process import server_address, token_of
from streamv2v_cam.settings import load_settings

from .watching import Look, NotSo, is_live, wait

ENGINE_MARK = "/dev/shm/psm_"
"""What the engine process maps and a spare does not: the shared memory of the frames."""


class Asked:
    """A show that is asked through its API, however it was started: the embedded model, the presenter, nothing out.

    Args:
        folder: for its settings, token, looks and what it says.
        settings: lines of its settings file.
        environment: further variables.
    """

    def __init__(self, folder: Path, *, settings: str = "", environment: dict[str, str] | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.port = folder, free_port()
        self.path = folder / "settings.toml"
        quick = '[engine]\nacceleration = "none"\nwanted_fps = 0\n' if "[engine]" not in settings else ""
        self.path.write_text(f"[control]\nport = {self.port}\n{quick}{settings}")
        told = load_settings({}, self.path)
        self._place, self._token = check_address(server_address(told)), token_of(told)
        self.environment = {
            **os.environ,
            "STREAMV2V_CONFIG": str(self.path),
            "STREAMV2V_PUBLISH__RECORD_FOLDER": str(folder / "videos"),
            **(environment or {}),
        }

    @property
    def token(self) -> str:
        """What opens its API."""
        return self._token()

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request to its API; empty while it does not answer, or refuses."""
        try:
            return request_json(self._place, method, path, self._token(), body)
        except ObsError:
            return {}

    def look(self) -> Look:
        """How its show is now; without a state while it does not answer."""
        told = self.ask("GET", "/api/state")
        air, figures = told.get("air", {}), told.get("telemetry", {})
        return Look(air.get("state", ""), air.get("reason", ""), figures.get("styled", 0), figures.get("late", 0), told)


class Program(Asked):
    """`streamv2v-cam run` in a process of ours.

    Args:
        folder, settings, environment: see `Asked`.
        options: further ones of `run`.
        before: what is put before its command line.
    """

    def __init__(
        self,
        folder: Path,
        *options: str,
        settings: str = "",
        before: Sequence[str] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        super().__init__(folder, settings=settings, environment=environment)
        self.log = folder / "said.txt"
        source = () if "-i" in options else ("-i", "presenter")
        sink = () if "--sink" in options else ("--sink", "null")
        command = [*before, sys.executable, "-m", "streamv2v_cam", "run", "--no-open", *source, *sink, *options]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=log)

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def said(self) -> str:
        """All that it has said on the terminal so far."""
        return self.log.read_text("utf-8", "replace")

    def said_with(self, word: str) -> str:
        """The last line it said with that word in it; "" where there is none."""
        return next((line.strip() for line in reversed(self.said.splitlines()) if word in line), "")

    def until_live(self) -> float:
        """Wait for the first look on air; how long it took, s.

        Raises:
            NotSo: the program ended, or is not live within the limit.
        """

        def there() -> bool:
            if self.process.poll() is not None:
                raise NotSo(f"the program ended: {self.said.strip().splitlines()[-1:]}")
            return is_live(self.look())

        return wait(there, "the program live")

    def engine(self) -> psutil.Process:
        """Its engine process; of a program with --no-preview, which draws nothing else beside.

        Raises:
            NotSo: there is none.
        """
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(OSError, psutil.Error):
                if ENGINE_MARK in Path(f"/proc/{child.pid}/maps").read_text():
                    return child
        raise NotSo("the program has no engine process")

    def end(self) -> str:
        """Stop it as Ctrl-C does, by force after twenty seconds; what it printed on stdout."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            out, _ = self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, _ = self.process.communicate()
        return out.decode("utf-8", "replace")

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.communicate()

    def call(self, *words: str, timeout_s: float = 60.0) -> tuple[int, str]:
        """Another command of the program with the same settings: its exit code and what it said."""
        command = [sys.executable, "-m", "streamv2v_cam", *words]
        with tempfile.TemporaryFile() as said:
            code = subprocess.run(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                timeout=timeout_s,
                check=False,
            ).returncode
            said.seek(0)
            return code, said.read().decode("utf-8", "replace").strip()

    def summary(self) -> dict[str, Any]:
        """End one that was started with --json; what it printed of the whole run."""
        lines = self.end().strip().splitlines()
        return json.loads(lines[-1]) if lines else {}


@contextlib.contextmanager
def live(folder: Path, *options: str, **more: Any) -> Iterator[Program]:
    """A program that is live; ended afterwards."""
    with Program(folder, *options, **more) as program:
        program.until_live()
        yield program


@contextlib.contextmanager
def busy_cores(number: int) -> Iterator[None]:
    """Processes that take a core each, beside what is measured."""
    loads = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(number)]
    try:
        yield
    finally:
        for load in loads:
            load.kill()
            load.wait()


def stop_and_go(pids: Sequence[int], seconds: float) -> None:
    """Stop processes and let them go on, as Ctrl-Z and fg do."""
    import signal

    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
