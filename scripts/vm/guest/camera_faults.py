"""Faults of cameras by the drivers' own controls: what viewers see, and how long until the picture is live again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cameras
import cv2
from cameras import CARD, OURS, WEBCAM, control
from claims import claim, say
from program import Program
from viewer import Viewer

NOTICE_S, PASSING_S, LIVE_S = 15.0, 3.0, 40.0
"""How long a slate is waited for where one is expected, and where none is; how long a live picture is."""
AWAY_S = 4.0
DAY_S = 86_400.0


@dataclass(frozen=True)
class Fault:
    """One of them.

    Attributes:
        words: what it is, for the table.
        cause: brings it about.
        cure: ends it; None for what passes by itself.
        slate: whether viewers must see the slate.
    """

    words: str
    cause: Callable[[], None]
    cure: Callable[[], None] | None = None
    slate: bool = True


def dies(*first: str) -> Callable[[], None]:
    """The stream breaks; of what is done to start it anew, the first of each kind named here fails."""

    def cause() -> None:
        for name in first:
            control(WEBCAM, name, 1)
        control(WEBCAM, "inject_fatal_streaming_error", 1)

    return cause


class Disconnected:
    """The driver takes the device away under its node; it comes back when the last program has let go of the node."""

    def __init__(self) -> None:
        self._held = cameras.OldNode()

    def __call__(self) -> None:
        self._held.__enter__()
        control(WEBCAM, "disconnect", 1)

    def end(self) -> None:
        self._held.__exit__()


class Taken:
    """Another program has the webcam the moment it is back."""

    def __init__(self) -> None:
        self._capture: Any = None

    def __call__(self) -> None:
        cameras.unplug()
        time.sleep(AWAY_S)
        cameras.plug_in()
        self._capture = cv2.VideoCapture(cameras.node(WEBCAM), cv2.CAP_V4L2)
        self._capture.read()
        time.sleep(AWAY_S)

    def end(self) -> None:
        self._capture.release()


def clock_moves(by_s: float) -> Callable[[], None]:
    """The time of day becomes another, as after a battery that ran empty, or by hand."""
    return lambda: time.clock_settime(time.CLOCK_REALTIME, time.time() + by_s)


class NodeGone:
    """The virtual camera's own node is away."""

    def __init__(self) -> None:
        self._number = 0

    def __call__(self) -> None:
        self._number = cameras.take_away(OURS)

    def end(self) -> None:
        cameras.give_back(OURS, self._number)


def of_the_webcam() -> Iterator[Fault]:
    """In an order in which each finds the webcam as it needs it."""
    yield Fault("webcam unplugged, and plugged in again", cameras.unplug, cameras.plug_in)
    with contextlib.ExitStack() as stack:

        def unplugged_but_held() -> None:
            stack.enter_context(cameras.OldNode())
            cameras.unplug()

        yield Fault("the same, back under another number", unplugged_but_held, cameras.plug_in)
    dead = Disconnected()
    yield Fault("webcam disconnected: its node stays and answers ENODEV", dead, dead.end)
    taken = Taken()
    yield Fault("webcam back, and taken by another program", taken, taken.end)
    yield Fault("stream breaks", dies(), slate=False)
    yield Fault("stream breaks, STREAMON fails once", dies("inject_vidioc_streamon_error"), slate=False)
    yield Fault("stream breaks, REQBUFS fails once", dies("inject_vidioc_reqbufs_error"), slate=False)
    yield Fault("stream breaks, QBUF fails once", dies("inject_vidioc_qbuf_error"), slate=False)
    yield Fault(
        "stuck: no picture comes, no error",
        lambda: control(WEBCAM, "percentage_of_dropped_buffers", 100),
        lambda: control(WEBCAM, "percentage_of_dropped_buffers", 0),
    )
    yield Fault(
        "every second picture lost",
        lambda: control(WEBCAM, "percentage_of_dropped_buffers", 50),
        lambda: control(WEBCAM, "percentage_of_dropped_buffers", 0),
        slate=False,
    )
    yield Fault("a picture marked as damaged", lambda: control(WEBCAM, "inject_v4l2_buf_flag_error", 1), slate=False)
    yield Fault("clock a day ahead, then two days back", clock_moves(DAY_S), clock_moves(-2 * DAY_S), slate=False)
    gone = NodeGone()
    yield Fault("virtual camera's node gone, and back", gone, gone.end, slate=False)


def of_the_card() -> Iterator[Fault]:
    """Of the capture card, which has to be on air."""
    for mode, words in ((1, "no signal"), (2, "a signal that cannot be locked")):
        yield Fault(
            f"capture card: {words}",
            lambda mode=mode: control(CARD, "dv_timings_signal_mode", mode),
            lambda: control(CARD, "dv_timings_signal_mode", 0),
        )


def tried(fault: Fault, viewer: Viewer, program: Program) -> dict[str, Any]:
    """A row of the table, and the claims about it.

    Seconds until the slate count from the fault; until the picture is live again from its end, where somebody ends it.
    """
    viewer.live(time.monotonic(), LIVE_S)
    began_s = time.monotonic()
    fault.cause()
    slate_s = viewer.slate(began_s, NOTICE_S if fault.slate else PASSING_S)
    said = program.air()
    over_s = began_s
    if fault.cure is not None:
        time.sleep(max(0.0, began_s + AWAY_S - time.monotonic()))
        fault.cure()
        over_s = time.monotonic()
    live_s = viewer.live(max(over_s, slate_s or 0.0), LIVE_S)
    row = {
        "fault": fault.words,
        "slate_s": None if slate_s is None else round(slate_s - began_s, 1),
        "live_again_s": None if live_s is None else round(live_s - over_s, 1),
        "stood_still_s": round(viewer.stood_still(began_s), 1),
        "said": said.get("reason") or next((sink for sink in said.get("sinks", []) if ": " in sink), ""),
    }
    say(f"{row}")
    claim(f"{fault.words}: ends with live pictures", live_s is not None, program.air())
    if fault.slate:
        claim(f"{fault.words}: the slate meanwhile", slate_s is not None, row)
    return row


def all_tried(viewer: Viewer, program: Program) -> list[dict[str, Any]]:
    """The whole table."""
    rows = [tried(fault, viewer, program) for fault in of_the_webcam()]
    switched_s = time.monotonic()
    claim("the capture card can be chosen on the page", program.switch(CARD), program.sources())
    claim("and is live", viewer.live(switched_s, LIVE_S) is not None, program.air())
    return rows + [tried(fault, viewer, program) for fault in of_the_card()]
