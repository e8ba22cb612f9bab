"""The engine process's end: what runs first in the child, and what an entry is given to work with."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import multiprocessing
import os
import re
import sys
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from streamv2v.config import StreamConfig
from streamv2v.errors import ConfigError, ModelError
from streamv2v.prompts.reading import TextModel

from ..frame import Pixels
from ..store import Snapshot
from ..system.sheltered import leave_terminal
from .memory import EngineMemory
from .protocol import DETAIL_LIMIT, TEXT_LIMIT, Failure, FailureKind, FrameDone, Message, Progress, Ready, WorkerSpec
from .shared_frames import Record

# where torch's own source found it out tells nobody anything
_PLACE_IN_TORCH = re.compile(r"^\[enforce fail at [^]]*\] [^.]*\. ")
_MEMORY_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory")


class EngineEnd:
    """What an entry works with: its orders, frames in, styled frames out, words to the host.

    Args:
        spec: the orders.
        messages: pipe to the host.
        frame_ready: raised by the host once per frame written.
    """

    def __init__(self, spec: WorkerSpec, messages: Connection, frame_ready: Any) -> None:
        self.spec = spec
        self.memory = EngineMemory.attach(spec.memory)
        self.snapshot = spec.snapshot
        self._messages = messages
        self._frame_ready = frame_ready

    def progress(self, text: str, share: float | None = None) -> None:
        """Tell the host how far the loading is; also a beat of the heart, and the moment to hear a stop."""
        self.memory.beat()
        if self.memory.stop:
            raise SystemExit(0)
        self.send(Progress(text[:TEXT_LIMIT], share))

    def ready(self, delay_frames: int, facts: dict[str, Any], text: TextModel | None = None) -> None:
        """Tell the host that frames are welcome."""
        self.memory.beat()
        self.send(Ready(delay_frames, facts, text))

    def wait_frame(self, timeout_s: float = 0.05) -> None:
        """Sleep until the host has written a frame, at most `timeout_s`."""
        if self._frame_ready.acquire(timeout=timeout_s):
            # older wake-ups belong to frames that a newer one has replaced
            while not self.spec.every_frame and self._frame_ready.acquire(block=False):
                pass

    def take_controls(self) -> Snapshot:
        """The newest live values."""
        self.snapshot = self.memory.newer_controls() or self.snapshot
        return self.snapshot

    def answer(self, pixels: Pixels, *, shown: Record, taken: Record, engine_ms: float, revision: int) -> None:
        """Give the host a styled frame.

        Args:
            pixels: the styled picture, of the engine's size.
            shown: the frame in that it is a translation of.
            taken: the newest frame in that the engine has seen.
            engine_ms: time it took.
            revision: of the live values it was made with.
        """
        sequence = self.memory.write_styled(pixels, shown.payload, index=shown.index, stamp_s=shown.stamp_s)
        self.send(FrameDone(sequence, taken.sequence, engine_ms, revision))

    def send(self, message: Message) -> None:
        """Put a message into the pipe; a host that is gone ends this process quietly."""
        try:
            self._messages.send(message)
        except OSError:
            raise SystemExit(0) from None

    def close(self) -> None:
        self.memory.close()
        self._messages.close()


def run(
    entry: str,
    prepare: StreamConfig | None,
    niceness: int,
    orders: Connection,
    messages: Connection,
    frame_ready: Any,
) -> None:
    """First function of the engine process: take on a child's manners, get ready, wait for orders, carry them out."""
    # Ctrl-C is the host's; it asks this process to stop when it wants that
    leave_terminal()
    # what a library prints must not end up in the host's own output (a clip on a pipe, a JSON summary)
    os.dup2(2, 1)
    _step_back(niceness)
    threading.Thread(target=_end_with_host, name="host watch", daemon=True).start()
    if prepare is not None:
        _get_ready(entry, prepare)
    try:
        spec: WorkerSpec = orders.recv()
    except EOFError:
        raise SystemExit(0) from None
    orders.close()
    _carry_out(spec, messages, frame_ready)


def _get_ready(entry: str, config: StreamConfig) -> None:
    # what goes wrong here goes wrong again at the start itself, where it is told
    with contextlib.suppress(Exception):
        module = importlib.import_module(entry.rpartition(":")[0])
        module.prepare(config)


def _carry_out(spec: WorkerSpec, messages: Connection, frame_ready: Any) -> None:
    """Call the entry, report how it ended."""
    try:
        end = EngineEnd(spec, messages, frame_ready)
    except FileNotFoundError:
        # the host has given this start up and removed the memory while the child was importing
        raise SystemExit(0) from None
    try:
        _entry(spec.entry)(end)
    except Exception as error:  # the one place where every failure becomes a message
        end.send(failure_of(error))
        raise SystemExit(1) from None
    finally:
        with contextlib.suppress(BufferError):
            end.close()


def failure_of(error: BaseException) -> Failure:
    """Sort an exception and put it into one line."""
    words = _PLACE_IN_TORCH.sub("", " ".join(str(error).split())) or type(error).__name__
    if isinstance(error, (ModelError, ConfigError)):
        kind = FailureKind.MODEL
    elif _is_lack_of_memory(error, words.lower()):
        kind = FailureKind.MEMORY
    elif isinstance(error, ImportError):
        kind, words = FailureKind.SETUP, f"the engine cannot be loaded: {words}; run the installer again"
    else:
        kind, words = FailureKind.CRASH, f"the engine failed: {type(error).__name__}: {words}"
    if kind is FailureKind.MEMORY:
        words = "out of memory" + ("" if words == "MemoryError" else f": {words}")
    detail = "".join(traceback.format_exception(error))[-DETAIL_LIMIT:]
    return Failure(kind, words if len(words) <= TEXT_LIMIT else words[: TEXT_LIMIT - 3] + "...", detail)


def _is_lack_of_memory(error: BaseException, lowered: str) -> bool:
    # by name and words, since the torch classes cannot be imported here
    if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__:
        return True
    return isinstance(error, (RuntimeError, OSError)) and any(text in lowered for text in _MEMORY_WORDS)


def _entry(name: str) -> Callable[[EngineEnd], None]:
    place, _, function = name.rpartition(":")
    if place.endswith(".py"):
        spec = importlib.util.spec_from_file_location(Path(place).stem, place)
        if spec is None or spec.loader is None:
            raise ImportError(f"no program at {place}")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(place)
    return getattr(module, function)


def _step_back(niceness: int) -> None:
    # the publisher's beat goes before the mathematics: with two busy cores the kernel then wakes it at once
    with contextlib.suppress(OSError, ImportError):
        if sys.platform == "win32":
            import psutil

            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            os.nice(niceness)


def _end_with_host() -> None:
    # a host that was killed cannot ask anybody to stop; the model must not stay in memory after it
    host = multiprocessing.parent_process()
    if host is not None:
        host.join()
        os._exit(0)
