"""The two sides of a show over a line, each a process: a server with its engine, and the program with its camera.

    python -m lines.program serve FOLDER ENGINE SIZE            # tells port and code as JSON, ends with its input
    python -m lines.program run FOLDER ENGINE SIZE SECONDS [--server ADDRESS --code CODE --pictures auto --source NAME]

ENGINE is "paced:33" or a model; SIZE is that of the engine. The run's figures are one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from streamv2v_cam.cli.options import size_from
from streamv2v_cam.engine.heartbeat import Patience
from streamv2v_cam.engine.link import DEFAULT_ENTRY
from streamv2v_cam.engine.remote.address import server_address
from streamv2v_cam.engine.remote.known import known_servers
from streamv2v_cam.engine.remote.meeting import pair
from streamv2v_cam.engine.remote.server import EngineServer
from streamv2v_cam.run.app import App
from streamv2v_cam.run.elsewhere import engine_entry
from streamv2v_cam.settings import LoadedSettings, load_settings

from lines.paced import ENTRY as PACED

START_S, SETTLE_S, WINDOW_S = 180.0, 5.0, 10.0
"""Telemetry looks back on ten seconds, so that a measurement lasts as long at least."""


def settings_of(folder: Path, engine: str, size: str, **more: Any) -> LoadedSettings:
    """Settings of either side: nothing is at work beside the frames."""
    os.environ["STREAMV2V_CONFIG"] = str(folder / "settings.toml")
    width, height = size_from("SIZE", size)
    fixed = {
        "engine.model": engine,
        "engine.width": width,
        "engine.height": height,
        "engine.acceleration": "none",
        "engine.compile_cache": str(folder / "engine"),
        "publish.sinks": "null",
        "control.port": 0,
        "control.open_browser": "never",
    }
    return load_settings({**fixed, **more}, None)


def entry_of(engine: str) -> str:
    return PACED if engine.startswith("paced:") else DEFAULT_ENTRY


def serve(folder: Path, engine: str, size: str) -> None:
    """Serve one machine until the input ends."""
    config = settings_of(folder, engine, size).stream_config()
    server = EngineServer(
        config, folder=folder, host="0.0.0.0", port=0, entry=entry_of(engine), patience=Patience(600, 600)
    )
    server.start()
    print(json.dumps({"port": server.port, "code": server.code.open()}), flush=True)
    try:
        sys.stdin.read()
    finally:
        server.stop()


def run(asked: argparse.Namespace) -> dict[str, Any]:
    """One show; its figures over the last seconds."""
    more: dict[str, Any] = {"capture.source": asked.source}
    if asked.server:
        more |= {"engine.remote": asked.server, "engine.remote_pictures": asked.pictures}
    settings = settings_of(asked.folder, asked.engine, asked.size, **more)
    if asked.code:
        pair(server_address(asked.server), asked.code, known_servers(), name="a show")
    app = App(settings, entry=engine_entry(settings) if asked.server else entry_of(asked.engine))
    app.start()
    try:
        until_s = time.monotonic() + START_S
        while app.telemetry.snapshot().styled < 10:
            if time.monotonic() > until_s:
                raise SystemExit(f"no pictures: {app.supervisor.status()}")
            time.sleep(0.1)
        time.sleep(SETTLE_S)
        before, began_s = app.telemetry.snapshot(), time.monotonic()
        time.sleep(asked.seconds)
        now, seconds = app.telemetry.snapshot(), time.monotonic() - began_s
        return {
            "styled_fps": (now.styled - before.styled) / seconds,
            "look_ms": now.look_p50_ms,
            "look_p95_ms": now.look_p95_ms,
            "motion_ms": now.latency_p50_ms,
            "beats_fps": (now.published - before.published) / seconds,
            "late": now.late - before.late,
            "line": app.supervisor.facts.get("line", "here"),
            "state": str(app.publisher.on_air.state),
        }
    finally:
        app.stop()


def main() -> None:
    """Be one of the two."""
    asking = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asking.add_argument("side", choices=("serve", "run"))
    asking.add_argument("folder", type=Path)
    asking.add_argument("engine")
    asking.add_argument("size")
    asking.add_argument("seconds", type=float, nargs="?", default=WINDOW_S)
    asking.add_argument("--server", default="")
    asking.add_argument("--code", default="")
    asking.add_argument("--pictures", default="auto")
    asking.add_argument("--source", default="presenter")
    asked = asking.parse_args()
    if asked.side == "serve":
        serve(asked.folder, asked.engine, asked.size)
    else:
        print(json.dumps(run(asked)), flush=True)


if __name__ == "__main__":
    main()
