"""The OBS process as a child of `run --obs`: started, started again when it ends, and ended with the run."""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import threading

from ..settings import LoadedSettings, default_config_path
from ..system.stopping import is_ordered

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 30.0
END_LIMIT_S = 5.0


class ObsChild:
    """Keeps one `streamv2v-cam obs` running beside the program.

    Args:
        options: of the command line, such as ["--config", "settings.toml"].
    """

    def __init__(self, options: list[str]) -> None:
        self._command = [sys.executable, "-m", "streamv2v_cam", "obs", "--with-parent", *options]
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name="obs-child", daemon=True)

    @property
    def pid(self) -> int | None:
        """Of the process; None while there is none."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the process; safe to call twice, or before `start`."""
        self._stopping.set()
        with self._lock:
            process = self._process
        if process is not None:
            # its stdin at an end tells it that we are
            with contextlib.suppress(OSError):
                if process.stdin is not None:
                    process.stdin.close()
            try:
                process.wait(END_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._thread.ident is not None:
            self._thread.join(END_LIMIT_S)

    def _keep(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            with self._lock:
                if self._stopping.is_set():
                    return
                # out of a terminal's reach: the end of its stdin tells it to stop
                self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, start_new_session=True)
            code = self._process.wait()
            if self._stopping.is_set() or is_ordered():
                return
            log.warning("The OBS process has ended (exit code %d); it is started again in %.0f s.", code, pause_s)
            self._stopping.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def options_for(settings: LoadedSettings, server: str) -> list[str]:
    """The command line of a child that reads the same settings as this process.

    Args:
        server: address of this program's API.
    """
    options = ["--server", server]
    if settings.path != default_config_path():
        options += ["--config", str(settings.path)]
    for name, value, origin in settings.items():
        if name.startswith("obs.") and origin == "command line" and name not in ("obs.server", "obs.with_run"):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            options += ["--set", f"{name}={text}"]
    return options
