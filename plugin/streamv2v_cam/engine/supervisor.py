"""EngineSupervisor: keeps an engine process at work, whatever happens to it, and says how it is."""

from __future__ import annotations

import logging
import math
import threading
import time

from streamv2v.config import StreamConfig
from streamv2v.prompts.reading import TextModel

from ..airstate import EngineState, EngineStatus
from ..frame import Frame
from ..mailbox import Mailbox
from ..store import LiveValues
from ..system.stopping import is_ordered
from ..telemetry import Telemetry
from .feeding import Feeder
from .following import AsTheyAre, Following
from .heartbeat import Patience
from .link import DEFAULT_ENTRY, EngineLink
from .protocol import Failure, FailureKind, FrameDone, Message, Notice, Progress, Ready, Refit
from .recovery import FIRST_DELAY_S, Recovery
from .spare import SpareEngine
from .succession import Succession, Wish
from .telling import Telling

_TICK_S, _THREAD_STOP_S = 0.05, 8.0

log = logging.getLogger(__name__)


class EngineSupervisor:
    """Starts the engine process, feeds it the newest frame, passes on what it styles, restarts it.

    Args:
        config: what the engine is built from.
        store: the live values; the engine gets each new snapshot, the newest only.
        raw: captured frames; this supervisor is the one that takes them.
        styled: takes the styled frames, numbered and timed as the captured frames that they show.
        telemetry: told of every styled frame and of captured ones the engine never saw.
        entry: function that runs in the child, "module:function" or "file.py:function".
        patience: how long the engine may be silent.
        threads: CPU threads of the engine; 0 lets it choose.
        fit: whether a smaller choice runs where memory is short for the one asked.
        first_delay_s: wait before the second restart in a row, the first has none; it doubles up to 30 s.
        spare: keep a prepared process beside the running one, where memory allows.

    Attributes:
        restarts: how often the engine was started again.
        text_model: what the newest engine reads prompts with; None before there was one.
        failed: set when a restart would be useless, because the model itself cannot be used.
        following: what follows the engine from one model to another; to be set before the start.
        succession, spare: the engine in preparation, and the process that is kept ready.
    """

    def __init__(
        self,
        config: StreamConfig,
        *,
        store: LiveValues,
        raw: Mailbox[Frame],
        styled: Mailbox[Frame],
        telemetry: Telemetry,
        entry: str = DEFAULT_ENTRY,
        patience: Patience | None = None,
        threads: int = 0,
        fit: bool = True,
        first_delay_s: float = FIRST_DELAY_S,
        spare: bool = False,
    ) -> None:
        self.config, self.restarts, self.failed = config, 0, threading.Event()
        self.text_model: TextModel | None = None
        self._store, self._styled, self._telemetry = store, styled, telemetry
        self._entry, self._patience, self._threads, self._fit = entry, patience, threads, fit
        self.following: Following = AsTheyAre(store)
        self._recovery, self._telling = Recovery(first_delay_s), Telling()
        self._link: EngineLink | None = None
        self.succession = Succession()
        self.spare = SpareEngine(entry, wanted=spare)
        self._ran: tuple[StreamConfig, int] | None = None
        self._last = self._dropped = 0
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._watch = threading.Thread(target=self._run, name="engine watch", daemon=True)
        self._feeder = Feeder(raw, lambda: (self._link, self.succession.link))
        self._unloaded = False

    def start(self) -> None:
        """Begin; returns at once, the model loads in its own process."""
        self._watch.start()
        self._feeder.start()

    def stop(self) -> None:
        """End the engine process and remove its shared memory; safe to call twice."""
        self._stopping.set()
        self._wake.set()
        self._feeder.stop(_THREAD_STOP_S)
        if self._watch.is_alive():
            self._watch.join(_THREAD_STOP_S)
        self._telling.say(EngineState.STOPPED)

    def status(self) -> EngineStatus:
        """How the engine is, for slate and page."""
        return self._telling.status

    @property
    def facts(self) -> dict[str, object]:
        """What the running engine says of itself (device, dtype, ...); empty while there is none."""
        link = self._link
        return dict(link.ready.facts) if link and link.ready else {}

    @property
    def pid(self) -> int | None:
        """Of the engine process; None while there is none."""
        link = self._link
        return link.pid if link else None

    def rebuild(self, config: StreamConfig, *, title: str = "", only_beside: bool = False) -> None:
        """Build a new engine in the background; it takes over with its first frame. Returns at once; see `Wish`."""
        self.succession.want(Wish(config, title, only_beside))
        self._wake.set()

    def unload(self) -> None:
        """End the engine's process, which frees its memory, until `load_again`; returns at once."""
        self._unloaded = True

    def load_again(self) -> None:
        """Start it again; returns at once."""
        self._unloaded = False
        self._wake.set()

    def _run(self) -> None:
        try:
            self._keep_running()
        finally:
            self.succession.end()
            self.spare.give_up()

    def _keep_running(self) -> None:
        while not self._stopping.is_set():
            began_s = time.monotonic()
            failure = self._session()
            if failure is None:
                self._stay_unloaded()
                continue
            if isinstance(failure, Refit):
                self._refit(failure)
                continue
            self._recovery.ran(time.monotonic() - began_s)
            if is_ordered():
                # the whole program was told to stop, and the engine has heard it sooner
                self._stopping.wait()
                return
            failure = self._recovery.judged(failure, self.config, drew=self._last > 0)
            # what ends a run before its first picture is told by the run
            ends_run = failure.kind.permanent and not self._telemetry.snapshot().styled
            log.log(logging.INFO if ends_run else logging.WARNING, "%s", failure.reason)
            log.debug("%s", failure.detail)
            if failure.kind.permanent:
                self._give_up(failure)
            else:
                self._restart_after(failure)

    def _session(self) -> Failure | Refit | None:
        """One engine from start to end; what ended it, None when it was stopped."""
        failure: Failure | Refit | None = None
        self._last = self._dropped = 0
        try:
            self._link = self._start_link(self.config)
            while failure is None and not (self._stopping.is_set() or self._unloaded):
                failure = self._tick(self._link)
        except Exception as error:  # of whatever kind: else nobody watches any more, and the state stays what it was
            log.debug("the engine process could not be run", exc_info=error)
            failure = Failure(FailureKind.CRASH, f"the engine process could not be run: {error}")
        finally:
            link, self._link = self._link, None
            if link is not None:
                self._ran = link.config, link.threads
                link.close(at_once=failure is not None)
        return failure

    def _tick(self, link: EngineLink) -> Failure | Refit | None:
        link.update(self._store.current)
        for message in link.hear(_TICK_S):
            if isinstance(message, (Failure, Refit)):
                return message
            self._take(link, message)
        self._mind_spare(link)
        successor = self.succession.advance(self._start_link, self._begin, self._telling.beside)
        if isinstance(successor, Refit):
            return successor
        if successor is not None:
            self._hand_over(link, successor)
        return None

    def _mind_spare(self, link: EngineLink) -> None:
        status = self._telling.status
        calm = status.state is EngineState.RUNNING and not status.progress and self.succession.link is None
        self.spare.calm(self.config, link.pid) if calm else self.spare.disturbed()

    def _take(self, link: EngineLink, message: Message) -> None:
        if isinstance(message, (Progress, Notice)):
            self._telling.hear(message)
        elif isinstance(message, Ready):
            self.text_model = message.text or self.text_model
            self._telling.waiting()
            self._feeder.begin(link)
        elif isinstance(message, FrameDone):
            self._pass_on(link, message.engine_ms)

    def _pass_on(self, link: EngineLink, engine_ms: float) -> None:
        found = link.styled(after=self._last)
        if found is None:
            return
        self._last, frame = found
        self._telemetry.engine_finished(frame, engine_ms)
        if link.dropped > self._dropped:
            self._telemetry.captured_dropped(link.dropped - self._dropped)
            self._dropped = link.dropped
        self._styled.put(frame)
        if self._telling.status.state is not EngineState.RUNNING:
            self._telling.running()

    def _begin(self, link: EngineLink) -> None:
        """The first frame of an engine in preparation, with the live values as they have become meanwhile."""
        link.update(self.following.values_for(link.config))
        self._feeder.begin(link)

    def _hand_over(self, old: EngineLink, new: EngineLink) -> None:
        if self._last:
            self._recovery.drew(old.config)
        self._link, self.config = new, new.config
        self._telling.note = self.succession.note
        self._last = self._dropped = 0
        # an engine may take seconds to end, and the new one's frames must not wait for that
        threading.Thread(target=old.close, name="engine end", daemon=True).start()
        self.text_model = (new.ready and new.ready.text) or self.text_model
        self.following.follow(new.config)
        self.succession.came()
        self._recovery.drew(new.config)
        self._telling.say(EngineState.RUNNING)
        self._pass_on(new, 0.0)

    def _start_link(self, config: StreamConfig) -> EngineLink:
        return EngineLink(
            config,
            self.following.values_for(config),
            entry=self._entry,
            threads=self._threads,
            threads_before=self._ran[1] if self._ran and self._ran[0] == config else 0,
            fit=self._fit,
            patience=self._patience,
            process=self.spare.take(config.model),
        )

    def _refit(self, wish: Refit) -> None:
        log.warning("%s", wish.reason)
        self._go_on_with(wish.config, wish.reason if wish.lasting else "")
        self._telling.say(EngineState.STARTING, wish.reason)

    def _go_on_with(self, config: StreamConfig, note: str = "") -> None:
        """The next start is of that configuration."""
        self.config, self._telling.note = config, note
        self.following.follow(config)

    def _restart_after(self, failure: Failure) -> None:
        if failure.kind is FailureKind.MEMORY:
            self.spare.give_up()
        delay_s, config, reason = self._recovery.after(failure, self.config)
        # the next engine says itself what is amiss with it; only another choice outlives the restart
        self._go_on_with(config, reason if config != self.config else "")
        self.restarts += 1
        self._telling.say(EngineState.RESTARTING, reason)
        self._pause(delay_s)

    def _give_up(self, failure: Failure) -> None:
        self._telling.say(EngineState.FAILED, failure.reason)
        self.failed.set()
        self._pause(None)
        self.failed.clear()
        self._telling.say(EngineState.STARTING)

    def _pause(self, seconds: float | None) -> None:
        """Wait; a stop or the wish for another engine ends the waiting, and the wish is taken up."""
        until_s = math.inf if seconds is None else time.monotonic() + seconds
        while not self._stopping.is_set() and (left_s := until_s - time.monotonic()) > 0:
            wish = self.succession.take_wish()
            if wish is not None:
                self._go_on_with(wish.config)
                return
            self._wake.wait(min(left_s, 3600))
            self._wake.clear()

    def _stay_unloaded(self) -> None:
        self.spare.let_go()
        self._telling.say(EngineState.STARTING)
        while self._unloaded and not self._stopping.is_set():
            self._wake.wait(3600)
            self._wake.clear()
