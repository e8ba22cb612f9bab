"""Between two frames of the engine process: what works beside it is told, and the load of the machine is followed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .child import EngineEnd
from .protocol import Notice, Progress
from .serving import Translator

if TYPE_CHECKING:
    from streamv2v.tuning.background_tuning import Beside as Tuning
    from streamv2v.tuning.load import LoadWatch
    from streamv2v.tuning.threads import ThreadsOnAir


class Beside:
    """Tells the host of the work beside the frames, once for each change; tries anew where others' load has changed.

    Args:
        threads: numbers of threads to try then; None keeps the number.
        watch: of others' load; None makes one.
    """

    def __init__(self, end: EngineEnd, threads: ThreadsOnAir | None = None, watch: LoadWatch | None = None) -> None:
        from streamv2v.tuning.load import LoadWatch

        self._end = end
        self._told = self._outcome = self._of_references = ""
        self._loras: tuple[str, tuple[tuple[str, float], ...]] = "", ()
        self._tuning: Tuning | None = None
        self._threads, self._watch = threads, watch or LoadWatch(busy_s)
        self._wants_threads = False

    def __call__(self, engine: Translator, engine_ms: float) -> None:
        self._tuning = getattr(engine, "compiling", None)
        self._tell_of_loras(engine)
        self._tell_of_references(engine)
        self._tell(engine)
        self._follow_load(engine, engine_ms)

    def end(self) -> None:
        """Leave no compiler in the middle of its work behind: Python would wait for it, or fall over it."""
        if self._tuning is not None and not self._tuning.wait(0):
            self._end.close()
            os._exit(0)

    def _tell_of_loras(self, engine: Translator) -> None:
        live = getattr(engine, "live", None)
        if live is not None and (live.loras.told, live.loras.on) != self._loras:
            self._loras = live.loras.told, live.loras.on
            self._end.send(Notice(live.loras.told, facts=engine.facts()))

    def _tell_of_references(self, engine: Translator) -> None:
        told = getattr(getattr(engine, "references", None), "refused", "")
        if told != self._of_references:
            self._of_references = told
            if told:
                self._end.send(Notice(told, True))

    def _tell(self, engine: Translator) -> None:
        tuning = self._tuning
        if tuning is None:
            return
        if tuning.progress != self._told:
            self._told = tuning.progress
            self._end.send(Progress(self._told))
        if tuning.outcome != self._outcome:
            self._outcome = tuning.outcome
            self._end.send(Notice(self._outcome, facts=engine.facts()))

    def _follow_load(self, engine: Translator, engine_ms: float) -> None:
        """Networks first, then threads: two trials at a time would measure each other."""
        tuning, threads = self._tuning, self._threads
        # what converts and compiles is a load of our own, and ends
        if not (tuning and tuning.progress) and self._watch.changed():
            if tuning is not None:
                tuning.again()
            self._wants_threads = True
        if threads is None or (tuning is not None and tuning.trying):
            return
        if self._wants_threads:
            self._wants_threads = False
            threads.begin()
        elif engine_ms and (reason := threads.drawn(engine_ms)):
            import torch

            facts = {**engine.facts(), "threads": torch.get_num_threads(), "threads_reason": reason}
            self._end.send(Notice(f"threads: {facts['threads']}, {reason}", facts=facts))


def busy_s() -> float:
    """Seconds that all cores together have worked since the machine started."""
    import psutil

    times = psutil.cpu_times()
    resting = times.idle + getattr(times, "iowait", 0.0)
    # the time of guests is in that of their users already
    return sum(times) - resting - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
