"""Our host process on real devices: camera -> engine process -> publisher -> virtual camera, until SIGTERM.

    python3 host.py --camera vivid --device /dev/video10 --size 640x360 --fps 30

Composed of the program's own parts, as app.py does it, without settings, page and command line: those need
packages that the small machine has not. The last line on stdout is a JSON summary.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from streamv2v_cam.capture.opening import SourceOpener
from streamv2v_cam.capture.thread import CaptureThread
from streamv2v_cam.engine.supervisor import EngineSupervisor
from streamv2v_cam.frame import Frame
from streamv2v_cam.mailbox import Mailbox
from streamv2v_cam.publish.publisher import PublisherThread
from streamv2v_cam.publish.sinks.virtualcam import VirtualCameraSink
from streamv2v_cam.store import ControlStore
from streamv2v_cam.telemetry import Telemetry

from streamv2v.config import StreamConfig
from streamv2v.controls import Controls

ENTRY = f"{Path(__file__).with_name('stand_in_engine.py')}:main"


def main() -> None:
    """Run until SIGTERM, then print what happened."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--camera", default="vivid")
    parser.add_argument("--device", default="/dev/video10")
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--fps", type=float, default=30.0)
    options = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    width, height = map(int, options.size.split("x"))
    host = Host(options.camera, options.device, width=width, height=height, fps=options.fps)
    host.start()
    stop.wait()
    print(json.dumps(host.stop()))


class Host:
    """The parts of a run, from one camera to one virtual camera.

    Args:
        camera: part of the webcam's name.
        device: node of the virtual camera.
        width, height: published size.
        fps: published rate.
    """

    def __init__(self, camera: str, device: str, *, width: int, height: int, fps: float) -> None:
        self._began_s = time.monotonic()
        # an emulated processor is twenty times as slow, and what is proven here is the way between the cameras
        store, self._telemetry = ControlStore(Controls(motion="hold")), Telemetry()
        raw: Mailbox[Frame] = Mailbox()
        styled: Mailbox[Frame] = Mailbox()
        opener = SourceOpener(f"camera:{camera}", width=width, height=height, fps=fps)
        self._capture = CaptureThread(
            opener, store=store, width=width, height=height, mailbox=raw, telemetry=self._telemetry
        )
        # The engine works at the published size: enlarging a small picture by bicubic interpolation takes the
        # emulated processor 35 ms, longer than a beat.
        size = StreamConfig(width=width, height=height)
        self._engine = EngineSupervisor(
            size, store=store, raw=raw, styled=styled, telemetry=self._telemetry, entry=ENTRY
        )
        self._publisher = PublisherThread(
            store=store,
            styled=styled,
            raw=raw,
            engine_status=self._engine.status,
            camera_lost=lambda: self._capture.lost_reason,
            telemetry=self._telemetry,
            width=width,
            height=height,
            fps=fps,
        )

        def open_camera() -> VirtualCameraSink:
            return VirtualCameraSink(width=width, height=height, fps=fps, device=device)

        self._publisher.add_sink(open_camera(), reopen=open_camera)
        self._times_s: dict[str, float] = {}

    def start(self) -> None:
        """Picture first, then camera and engine; returns when the first styled picture is on air."""
        self._publisher.start()
        self._times_s["camera_ready_s"] = round(time.monotonic() - self._began_s, 2)
        self._capture.start()
        self._engine.start()
        self._publisher.styled_on_air.wait(60)
        self._times_s["first_styled_s"] = round(time.monotonic() - self._began_s, 2)
        print(f"on air: {self._publisher.on_air.state}, from {self._capture.source_name}", file=sys.stderr, flush=True)

    def stop(self) -> dict[str, Any]:
        """End everything; what happened, as plain values."""
        summary = {
            **self._times_s,
            "source": self._capture.source_name,
            "sinks": [f"{status.name}: {status.frames} frames" for status in self._publisher.on_air.sinks],
            "states": [str(state) for state in self._publisher.states_seen],
            "telemetry": self._telemetry.snapshot().as_dict(),
        }
        for part in (self._publisher, self._engine, self._capture):
            part.stop()
        return summary


if __name__ == "__main__":
    main()
