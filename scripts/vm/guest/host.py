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

ENTRY = f"{Path(__file__).with_name('stand_in_engine.py')}:main"


def main() -> None:
    """Run until SIGTERM, then print what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--camera", default="vivid")
    parser.add_argument("--device", default="/dev/video10")
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--fps", type=float, default=30.0)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    began_s = time.monotonic()

    store, telemetry = ControlStore(), Telemetry()
    raw: Mailbox[Frame] = Mailbox()
    styled: Mailbox[Frame] = Mailbox()
    opener = SourceOpener(f"camera:{options.camera}", width=width, height=height, fps=options.fps)
    capture = CaptureThread(opener, store=store, width=width, height=height, mailbox=raw, telemetry=telemetry)
    # The engine works at the published size: enlarging a small picture by bicubic interpolation takes the emulated
    # processor 35 ms, longer than a beat (on a real one it is about a millisecond).
    engine = EngineSupervisor(
        StreamConfig(width=width, height=height), store=store, raw=raw, styled=styled, telemetry=telemetry, entry=ENTRY
    )
    publisher = PublisherThread(
        store=store,
        styled=styled,
        raw=raw,
        engine_status=engine.status,
        camera_lost=lambda: capture.lost_reason,
        telemetry=telemetry,
        width=width,
        height=height,
        fps=options.fps,
    )

    def open_camera() -> VirtualCameraSink:
        return VirtualCameraSink(width=width, height=height, fps=options.fps, device=options.device)

    publisher.add_sink(open_camera(), reopen=open_camera)
    publisher.start()
    camera_ready_s = time.monotonic() - began_s
    capture.start()
    engine.start()
    publisher.styled_on_air.wait(60)
    styled_s = time.monotonic() - began_s
    print(
        f"on air: {publisher.on_air.state}, {capture.source_name}, engine {engine.status()}",
        file=sys.stderr,
        flush=True,
    )
    stop.wait()
    summary = {
        "camera_ready_s": round(camera_ready_s, 2),
        "first_styled_s": round(styled_s, 2),
        "source": capture.source_name,
        "sinks": [f"{status.name}: {status.frames} frames" for status in publisher.on_air.sinks],
        "states": [str(state) for state in publisher.states_seen],
        "telemetry": telemetry.snapshot().as_dict(),
    }
    for part in (publisher, engine, capture):
        part.stop()
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
