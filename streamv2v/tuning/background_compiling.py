"""Compiling while the plain engine is on air: decide, compile, and put each part in between two frames."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from ..config import StreamConfig
from ..models.loading import Components
from .autotune import Trials, stream_key
from .compile_cache import compiler_missing, use_cache
from .compiling import PARTS, CompiledPart, Examples, compile_again, compile_part, keep_compiled
from .compiling_child import CompilingChild, compiling_child, one_line

GAIN = 0.05
"""Compiled code that nobody asked for has to be that much faster, as a share."""
NICENESS = 10
"""How far the process that compiles steps back behind the engine's."""
TURN_S = 0.00003
"""How long the compiler may keep the interpreter's lock from a frame at a time."""
QUESTION = "compiled"
WORDS = {"decoder": "decoder", "encoder": "encoder", "unet": "U-Net"}


@contextlib.contextmanager
def _frames_first() -> Iterator[None]:
    """Within it the interpreter's lock changes hands often.

    PyTorch gives the lock away at each of a frame's hundreds of operations and asks for it again; each time a thread
    that runs Python may keep it for the usual 5 ms.
    """
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(usual_s)


def wants_compiling(config: StreamConfig, device: torch.device) -> str:
    """ "asked" (by name), "if faster" (a CPU and a place to remember the answer), or "" for not at all."""
    if config.compiles:
        return "asked"
    if config.acceleration == "auto" and device.type == "cpu" and config.compile_cache is not None:
        return "if faster"
    return ""


def begin_compiling(
    config: StreamConfig, components: Components, warm_up: Callable[[], None]
) -> BackgroundCompiling | None:
    """Call `warm_up` and, where compiling is wanted, begin it for the calls that were made; None where it is not."""
    wanted = wants_compiling(config, components.unet.device)
    if not wanted:
        warm_up()
        return None
    examples = Examples()
    with examples.watching(components):
        warm_up()
    compiling = BackgroundCompiling(config, components, examples, wanted=wanted)
    compiling.start()
    return compiling


@dataclass(frozen=True)
class Verdict:
    """How a compiled part came out: times in ms (0 where not measured), or why it cannot be used."""

    eager_ms: float = 0.0
    compiled_ms: float = 0.0
    failed: str = ""

    def wins(self, wanted: str) -> bool:
        """Whether it is to be used, "asked" for or only "if faster"."""
        return not self.failed and (wanted == "asked" or self.compiled_ms < self.eager_ms * (1 - GAIN))


class BackgroundCompiling:
    """A thread that compiles; whoever owns the engine calls `hand_over` between two frames.

    Args:
        wanted: "asked" or "if faster".
        examples: calls of the running networks, noted during warm-up.
        parts: what to compile, in this order.
        niceness: how far the child steps back behind this process (POSIX nice, 0..19).

    Attributes:
        progress: what is being done at present, in words; "" when nothing is.
        outcome: what came of it, one line; "" until it is over.
        used: parts handed over.
    """

    def __init__(
        self,
        config: StreamConfig,
        components: Components,
        examples: Examples,
        *,
        wanted: str,
        parts: Sequence[str] = PARTS,
        niceness: int = NICENESS,
    ) -> None:
        self.progress = "getting ready to compile"
        self.outcome = ""
        self.used: list[str] = []
        self._config, self._components, self._examples = config, components, examples
        self._wanted, self._parts = wanted, parts
        self._niceness = niceness
        self._device = components.unet.device
        self._threads = torch.get_num_threads()
        self._trials = Trials(config.compile_cache)
        self._verdicts: dict[str, Verdict] = {}
        self._complaint: str | None = None
        self._pending: set[str] = set()
        self._finished: queue.SimpleQueue[CompiledPart] = queue.SimpleQueue()
        self._child: CompilingChild | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="compiling", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Begin no further part and end the child; what is compiled in this process is waited for by nobody."""
        self._stopping.set()
        if (child := self._child) is not None:
            child.kill()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the thread; whether it is over. Finished parts still have to be handed over."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    trying = False
    """Nothing is tried on the frames on air: compiled parts are timed in the child."""

    def again(self) -> None:
        """The load of the machine has changed; compiled code is not tried anew, as that would take minutes."""

    def facts(self) -> dict[str, Any]:
        """What is in use and, once it is over, what came of it."""
        return {"compiled": list(self.used)} | ({"compiling": self.outcome} if self.outcome else {})

    def hand_over(self, use_networks: Callable[..., None]) -> None:
        """Put in what is finished. Between two frames, by the thread that owns the engine.

        Args:
            use_networks: the engine's; called with encoder=, unet= or decoder=.
        """
        while not self._finished.empty():
            made = self._finished.get()
            try:
                made.place()
                use_networks(**{made.part: made.network})
            except Exception as error:  # a graph that cannot capture it, say: the present networks stay
                self._verdicts[made.part] = self._remembered(made.part, {"failed": one_line(error)})
            else:
                self.used.append(made.part)
            self._pending.discard(made.part)
            self._conclude()

    def _run(self) -> None:
        try:
            self._compile()
        except Exception as error:  # the thread of an optional thing; the engine goes on without it
            self.outcome = f"not compiled: {one_line(error)}"
        finally:
            self.progress = ""

    def _compile(self) -> None:
        missing = compiler_missing(self._device)
        if missing:
            self.outcome = f"not compiled: {missing}"
            return
        complaint = use_cache(self._config.compile_cache)
        if self._stopping.is_set():
            return
        for part, verdict in self._judged():
            self._verdicts[part] = verdict
            if verdict.wins(self._wanted):
                self.progress = f"taking in the compiled {WORDS[part]}"
                self._put_in(part)
            if self._stopping.is_set():
                return
        if self._stopping.is_set():  # the child was ended before it had judged anything
            return
        self._complaint = "; ".join(filter(None, (complaint, self._trials.complaint)))
        self._conclude()

    def _judged(self) -> Iterator[tuple[str, Verdict]]:
        """Each part with its verdict: remembered or from the child; on a GPU, where two models may not fit, none."""
        if self._device.type != "cpu":
            yield from ((part, Verdict()) for part in self._parts)
            return
        unknown = []
        for part in self._parts:
            known = self._trials.recall(QUESTION, self._key(part))
            if isinstance(known, dict) and set(known) == set(asdict(Verdict())):
                yield part, Verdict(**known)
            else:
                unknown.append(part)
        if unknown:
            yield from self._by_child(unknown)

    def _by_child(self, unknown: list[str]) -> Iterator[tuple[str, Verdict]]:
        config = replace(self._config, acceleration="none", offline=True)
        left = list(unknown)
        with compiling_child(config, unknown, threads=self._threads, niceness=self._niceness) as child:
            self._child = child
            if self._stopping.is_set():  # it was asked while the child began
                return
            for answer in child:
                if self._stopping.is_set():
                    return
                if "begun" in answer:
                    part, number = answer["begun"], len(unknown) - len(left) + 1
                    self.progress = f"compiling the {WORDS[part]} ({number} of {len(unknown)})"
                    continue
                part = left.pop(left.index(answer["part"]))
                yield part, self._remembered(part, answer)
        if self._stopping.is_set():
            return
        for part in left:
            yield part, self._remembered(part, {"failed": "the compiling process ended early"})

    def _remembered(self, part: str, answer: dict[str, Any]) -> Verdict:
        """The child's answer as a verdict; a failure is remembered, too, or every start would try it again."""
        times_ms = {name: round(answer.get(name, 0.0), 2) for name in ("eager_ms", "compiled_ms")}
        verdict = Verdict(**times_ms, failed=answer.get("failed", ""))
        self._trials.remember(QUESTION, self._key(part), asdict(verdict))
        return verdict

    def _put_in(self, part: str) -> None:
        compile_again()
        self._pending.add(part)
        try:
            with _frames_first():
                self._finished.put(compile_part(self._components, part, self._examples.calls[part]))
        except Exception as error:  # see _run
            if not self._stopping.is_set():  # after a stop the weights may have changed in the middle of it
                self._verdicts[part] = self._remembered(part, {"failed": one_line(error)})
            self._pending.discard(part)
        finally:
            keep_compiled()

    def _conclude(self) -> None:
        """Words for the outcome, once every part is either in or given up."""
        if self._complaint is None or self._pending:
            return
        told = [f"{WORDS[part]} {self._told(part)}" for part in self._parts if part in self._verdicts]
        self.outcome = "; ".join(filter(None, (f"compiled: {', '.join(told)}", self._complaint)))

    def _told(self, part: str) -> str:
        verdict = self._verdicts[part]
        if verdict.failed:
            return f"stays as it is ({verdict.failed})"
        took = f"{verdict.compiled_ms:.0f} ms instead of {verdict.eager_ms:.0f}" if verdict.eager_ms else "not timed"
        return f"in use ({took})" if part in self.used else f"stays as it is (compiled {took})"

    def _key(self, part: str) -> str:
        facts: dict[str, Any] = self._components.facts
        return f"{part} {stream_key(self._config, torch.__version__, facts.get('dtype'), self._threads)}"
