"""The program as `installer` installed it, in a process of its own, and its page's API."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

COMMAND = "/opt/streamv2v-cam/.venv/bin/streamv2v-cam"
STAND_IN = f"{Path(__file__).with_name('stand_in_engine.py')}:main"
PORT = 8765
SIZE = "320x240"
"""What an emulated processor carries at 30 pictures a second, with a reader beside it."""
WEBCAM_FPS = 10
"""Asked of the webcam: what is read from our camera has 30 all the same, and each frame of the webcam costs as much."""
START_LIMIT_S, END_LIMIT_S = 150.0, 60.0


class Program:
    """`streamv2v-cam run` with the webcam as its source and our virtual camera as its output.

    The engine is a stand-in, by the variable that the program has for that; pictures are held between two drawings.

    Args:
        number: of this start.
        options: further ones of `run`.
    """

    def __init__(self, number: int, *options: str) -> None:
        folder = Path(f"/tmp/run{number}")
        folder.mkdir()
        self._token = folder / "token"
        width, height = SIZE.split("x")
        capture = f"width = {width}\nheight = {height}\nfps = {WEBCAM_FPS}"
        (folder / "settings.toml").write_text(
            f"[control]\nport = {PORT}\n[capture]\n{capture}\n[engine]\nwanted_fps = 0\n"
        )
        environment = os.environ | {"STREAMV2V_CONFIG": str(folder / "settings.toml"), "STREAMV2V_STAND_IN": STAND_IN}
        command = [COMMAND, "run", "--json", "--no-open", "--source", "camera:vivid-000", "--sink", "camera"]
        command += ["--size", SIZE, "--engine-size", SIZE, "--motion", "hold", "--look", "pencil"]
        self.began_s = time.monotonic()
        with Path(f"/share/program-{number}.log").open("w") as log:
            self._process = subprocess.Popen(
                [*command, *options], env=environment, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """One request to its API; empty while it does not answer."""
        with contextlib.suppress(OSError, ValueError):
            request = urllib.request.Request(
                f"http://127.0.0.1:{PORT}{path}",
                data=None if body is None else json.dumps(body).encode(),
                headers={
                    "Authorization": f"Bearer {self._token.read_text().strip()}",
                    "Content-Type": "application/json",
                },
            )
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        return {}

    def air(self) -> dict[str, Any]:
        """What is on air and why."""
        return dict(self.ask("/api/state").get("air", {}))

    def wait_until_live(self) -> float | None:
        """Seconds from the start to the first look on air; None where it does not come, or the program ended."""
        while time.monotonic() < self.began_s + START_LIMIT_S and self._process.poll() is None:
            if self.air().get("state") == "live":
                return round(time.monotonic() - self.began_s, 1)
            time.sleep(0.3)
        return None

    def wait_for_source(self, name: str, size: str, limit_s: float) -> str:
        """What is read, once it has that name and size; "" where it does not come."""
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s:
            source = str(self.air().get("source", ""))
            if name in source and size in source:
                return source
            time.sleep(0.2)
        return ""

    def sources(self) -> dict[str, str]:
        """Title -> id of what may be switched to."""
        return {choice["title"]: choice["id"] for choice in self.ask("/api/cameras")}

    def switch(self, title: str) -> bool:
        """Go over to another source, as on the page."""
        for _ in range(20):
            if (id := self.sources().get(title)) is not None:
                return bool(self.ask("/api/source", {"id": id}))
            time.sleep(0.2)
        return False

    def end(self) -> dict[str, Any]:
        """Stop it as a service manager would; its summary, with its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            said, _ = self._process.communicate(timeout=END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            said = self._process.communicate()[0]
        lines = said.strip().splitlines()
        summary = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
        return {"exit": self._process.returncode, **summary}
