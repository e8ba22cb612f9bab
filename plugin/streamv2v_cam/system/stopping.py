"""The order to stop from outside, taken as Ctrl-C is: everything is closed and tidied up on the way out."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

from .terminal import let_go_of_dead_terminal

ORDERS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")
"""Ctrl-C; the end of the session or a service manager; the terminal was closed; Ctrl-\\; Ctrl-Break."""
INSISTING_S = 10.0
"""An order that is repeated within that time is the same one: a terminal that closes sends several."""

_ordered = threading.Event()


@contextlib.contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """Within it every order to stop raises `KeyboardInterrupt` in the main thread, once.

    An order that whoever started the program has it ignore (`nohup`, a shell's `&`) stays ignored. Does nothing in
    other threads, which cannot receive signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    first_s: float | None = None

    def interrupt(number: int, frame: Any) -> None:
        nonlocal first_s
        now_s = time.monotonic()
        _ordered.set()
        let_go_of_dead_terminal()
        if first_s is None or now_s - first_s > INSISTING_S:
            first_s = now_s
            raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ORDERS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _ordered.clear()


def is_ordered() -> bool:
    """Whether this process has been told to stop: what ends beside it then is no fault."""
    return _ordered.is_set()


def rest(seconds: float) -> None:
    """Sleep; an order whose interrupt was lost is raised again: destructors and callbacks swallow what they raise.

    Raises:
        KeyboardInterrupt: this process has been told to stop.
    """
    time.sleep(seconds)
    if _ordered.is_set():
        raise KeyboardInterrupt
