"""An engine elsewhere, and one here in reserve: whose pictures are on air, and what is said of it.

Both are kept at work by a supervisor of their own. The one here is loaded, draws one picture and then gets none until
it is needed, so that it costs memory and hardly any time.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from streamv2v.config import StreamConfig
from streamv2v.prompts.reading import TextModel

from ..airstate import EngineState, EngineStatus
from ..frame import Frame
from ..mailbox import Mailbox
from ..telemetry import Telemetry

START_S = 5.0
"""At the start the engine elsewhere has so long before the one here begins."""
AWAY_S, AWAY_TIMES = 1.0, 4.0
"""Frames and no picture for so long, and for so many times its usual distance between two: it is away."""
STEADY = 3
"""So many pictures in a row, none of them late, and it is back."""
CAMERA_GAP_S = 0.5
_TAKE_S, _STOP_S = 0.2, 5.0


class Kept(Protocol):
    """An engine under a supervisor, as far as it is looked at here."""

    @property
    def config(self) -> StreamConfig: ...

    @property
    def failed(self) -> threading.Event: ...

    @property
    def restarts(self) -> int: ...

    @property
    def text_model(self) -> TextModel | None: ...

    @property
    def facts(self) -> dict[str, object]: ...

    @property
    def pid(self) -> int | None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def status(self) -> EngineStatus: ...

    def rebuild(self, config: StreamConfig) -> None: ...

    def unload(self) -> None: ...

    def load_again(self) -> None: ...


Build = Callable[[Mailbox[Frame], Mailbox[Frame], Telemetry], Kept]
"""Makes an engine that takes frames from the first and gives pictures to the second, and counts them in the third."""


class Turns:
    """Which of the two draws; pure, told of frames and pictures with the time.

    Args:
        now_s: of the start.

    Attributes:
        reserve: the engine here draws.
    """

    def __init__(self, now_s: float) -> None:
        self.reserve = False
        self._began_s, self._fed_since_s, self._fed_s = now_s, now_s, now_s - CAMERA_GAP_S
        self._drew_s: float | None = None
        self._gaps_s: deque[float] = deque(maxlen=8)
        self._steady = 0

    def frame(self, now_s: float, *, main: EngineState, reserve: EngineState) -> None:
        """A camera frame goes to the engines, which are in these states."""
        if now_s - self._fed_s >= CAMERA_GAP_S:
            self._fed_since_s = now_s  # a camera that stood still is nobody's fault
        self._fed_s = now_s
        self.ended(main, reserve)
        if self.reserve or reserve is not EngineState.RUNNING:
            return
        if main is EngineState.RUNNING:
            away = now_s - max(self._drew_s or 0.0, self._fed_since_s) > self._allowed_s()
        else:
            away = self._drew_s is not None or now_s - self._began_s > START_S
        if away:
            self.reserve, self._steady = True, 0

    def ended(self, main: EngineState, reserve: EngineState) -> None:
        """One that has ended is away, whether or not a frame comes."""
        if (
            not self.reserve
            and reserve is EngineState.RUNNING
            and main not in (EngineState.RUNNING, EngineState.STARTING)
        ):
            self.reserve, self._steady = True, 0

    def picture(self, now_s: float) -> None:
        """The engine elsewhere has given a picture."""
        gap_s = now_s - self._drew_s if self._drew_s is not None else 0.0
        late = gap_s > self._allowed_s()
        self._drew_s = now_s
        if not late:
            self._gaps_s.append(gap_s)
        if self.reserve:
            self._steady = 1 if late else self._steady + 1
            self.reserve = self._steady < STEADY

    def _allowed_s(self) -> float:
        return max(AWAY_S, AWAY_TIMES * max(self._gaps_s, default=0.0))


class _Counted(Telemetry):
    """Passes figures of one engine on while its pictures are on air."""

    def __init__(self, whole: Telemetry, on_air: Callable[[], bool]) -> None:
        super().__init__()
        self._whole, self._on_air = whole, on_air

    def engine_finished(self, frame: Frame, engine_ms: float) -> None:
        super().engine_finished(frame, engine_ms)
        if self._on_air():
            self._whole.engine_finished(frame, engine_ms)

    def captured_dropped(self, count: int = 1) -> None:
        if self._on_air():
            self._whole.captured_dropped(count)


class _Outlet(Mailbox[Frame]):
    """Takes the pictures of one engine and has each looked at."""

    def __init__(self, take: Callable[[Frame], None]) -> None:
        super().__init__()
        self._take = take

    def put(self, item: Frame) -> None:
        self._take(item)


class EngineWithReserve:
    """Looks like one supervisor: the engine elsewhere draws, and while it is away the one here.

    Args:
        main, reserve: make the two.
        raw: captured frames.
        styled: takes the pictures of whoever draws.
        telemetry: told of them.
        remark: what there is to say of the engine here while it draws; "" for nothing.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        main: Build,
        reserve: Build,
        *,
        raw: Mailbox[Frame],
        styled: Mailbox[Frame],
        telemetry: Telemetry,
        remark: Callable[[], str] = lambda: "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._remark = remark
        self._raw, self._styled, self._clock = raw, styled, clock
        self._turns, self._lock = Turns(clock()), threading.Lock()
        self._to_main, self._to_reserve = Mailbox[Frame](), Mailbox[Frame]()
        self._main = main(self._to_main, _Outlet(self._from_main), _Counted(telemetry, lambda: not self._turns.reserve))
        self._reserve = reserve(
            self._to_reserve, _Outlet(self._from_reserve), _Counted(telemetry, lambda: self._turns.reserve)
        )
        self._stopping, self._never = threading.Event(), threading.Event()
        self._feeder = threading.Thread(target=self._feed, name="frames to two engines", daemon=True)

    def start(self) -> None:
        """Begin both."""
        self._main.start()
        self._reserve.start()
        self._feeder.start()

    def stop(self) -> None:
        """End both; safe to call twice."""
        self._stopping.set()
        if self._feeder.is_alive():
            self._feeder.join(_STOP_S)
        self._main.stop()
        self._reserve.stop()

    def status(self) -> EngineStatus:
        """How whoever draws is, with why it is not the engine elsewhere."""
        main, reserve = self._main.status(), self._reserve.status()
        with self._lock:
            self._turns.ended(main.state, reserve.state)
        if self._turns.reserve and reserve.state is EngineState.RUNNING:
            away = main.reason if main.state is not EngineState.RUNNING else ""
            why = away.removesuffix("; restarting") or main.progress or "the engine elsewhere gives no pictures"
            said = f"{why}; this machine's own engine draws until it is back"
            return EngineStatus(
                EngineState.RUNNING, "; ".join(filter(None, (said, self._remark(), reserve.reason))), reserve.progress
            )
        if main.state is EngineState.FAILED and reserve.state not in (EngineState.FAILED, EngineState.STOPPED):
            return replace(reserve, reason=main.reason)
        return main

    @property
    def config(self) -> StreamConfig:
        """Of the engine elsewhere."""
        return self._main.config

    def rebuild(self, config: StreamConfig) -> None:
        """Of the engine elsewhere; the one here stays as it is."""
        self._main.rebuild(config)

    def unload(self) -> None:
        """End both processes until `load_again`."""
        self._main.unload()
        self._reserve.unload()

    def load_again(self) -> None:
        """Start both again."""
        self._main.load_again()
        self._reserve.load_again()

    @property
    def restarts(self) -> int:
        return self._main.restarts + self._reserve.restarts

    @property
    def failed(self) -> threading.Event:
        """Set when neither of the two can be used."""
        return self._main.failed if self._reserve.failed.is_set() else self._never

    @property
    def facts(self) -> dict[str, object]:
        """What the engine that draws says of itself."""
        return self._drawing.facts

    @property
    def pid(self) -> int | None:
        """Of the process whose pictures are on air."""
        return self._drawing.pid

    @property
    def text_model(self) -> TextModel | None:
        """What the engine that draws reads prompts with."""
        return self._drawing.text_model

    @property
    def _drawing(self) -> Kept:
        return self._reserve if self._turns.reserve else self._main

    def _feed(self) -> None:
        while not self._stopping.is_set():
            frame = self._raw.take(timeout_s=_TAKE_S)
            if frame is None:
                continue
            main, reserve = self._main.status().state, self._reserve.status().state
            with self._lock:
                self._turns.frame(self._clock(), main=main, reserve=reserve)
                drawn_here = self._turns.reserve
            self._to_main.put(frame)
            if drawn_here or reserve is not EngineState.RUNNING:  # its first picture warms it up
                self._to_reserve.put(frame)

    def _from_main(self, frame: Frame) -> None:
        with self._lock:
            self._turns.picture(self._clock())
            if not self._turns.reserve:
                self._styled.put(frame)

    def _from_reserve(self, frame: Frame) -> None:
        with self._lock:
            if self._turns.reserve:
                self._styled.put(frame)
