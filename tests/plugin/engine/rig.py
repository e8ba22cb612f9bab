"""A supervisor on the stand-in engine, with someone who gives it pictures."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from streamv2v_cam.airstate import EngineState
from streamv2v_cam.engine.heartbeat import Patience
from streamv2v_cam.engine.supervisor import EngineSupervisor
from streamv2v_cam.frame import Frame
from streamv2v_cam.mailbox import Mailbox
from streamv2v_cam.store import ControlStore
from streamv2v_cam.telemetry import Telemetry

from streamv2v.config import StreamConfig

STAND_IN = Path(__file__).with_name("stand_in.py")
ENTRY = f"{STAND_IN}:main"
WIDTH, HEIGHT = 96, 64


class Rig:
    """A supervisor on the stand-in, and a thread that gives it a numbered picture 50 times a second."""

    def __init__(
        self, model: str = "stand-in", *, width: int = WIDTH, height: int = HEIGHT, slots: int = 2, fit: bool = True
    ) -> None:
        self.store, self.telemetry = ControlStore(), Telemetry()
        self.raw: Mailbox[Frame] = Mailbox()
        self.styled: Mailbox[Frame] = Mailbox()
        self.supervisor = EngineSupervisor(
            StreamConfig(model=model, width=width, height=height, slots=slots),
            store=self.store,
            raw=self.raw,
            styled=self.styled,
            telemetry=self.telemetry,
            entry=ENTRY,
            fit=fit,
            # short only where a hang is wanted: a starved test machine is no hang
            patience=Patience(load_s=60, hang_s=1 if "hang" in model else 60),
            first_delay_s=0.05,
        )
        self.given = 0
        self.reasons: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._give, daemon=True)

    def __enter__(self) -> Rig:
        self.supervisor.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.supervisor.stop()

    def _give(self) -> None:
        while not self._stop.wait(0.02):
            pixels = np.full((2 * HEIGHT, 2 * WIDTH, 3), self.given % 200, np.uint8)
            self.raw.put(Frame(pixels, self.given, time.monotonic()))
            self.given += 1
            reason = self.supervisor.status().reason
            if reason and reason not in self.reasons:
                self.reasons.append(reason)

    def wait(self, true: Callable[[], object], timeout_s: float = 20.0) -> None:
        until_s = time.monotonic() + timeout_s
        while not true():
            assert time.monotonic() < until_s, f"in vain: {self.supervisor.status()}"
            time.sleep(0.01)

    def wait_frames(self, count: int) -> Frame:
        """After `count` further styled frames: the newest."""
        goal = self.telemetry.snapshot().styled + count
        self.wait(lambda: self.telemetry.snapshot().styled >= goal)
        frame = self.styled.latest
        assert frame is not None
        return frame

    @property
    def state(self) -> EngineState:
        return self.supervisor.status().state
