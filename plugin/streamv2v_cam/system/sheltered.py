"""Processes of ours that a terminal does not reach: Ctrl-C, Ctrl-\\ and its closing are this process's to answer."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from multiprocessing import resource_tracker

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
_SIGNALS = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]


@contextlib.contextmanager
def signals_held() -> Iterator[None]:
    """Within it a process that is started begins with those signals held back, until it calls `leave_terminal`."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    shelter_tracker()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_terminal() -> None:
    """In a child: become the head of a session of its own; what was held back is forgotten, Ctrl-C is ignored."""
    if not hasattr(signal, "pthread_sigmask"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return
    with contextlib.suppress(OSError):
        os.setsid()
    for number in _SIGNALS:
        # taking it as nothing lets go of one that waits
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    for number in _SIGNALS:
        if number != signal.SIGINT:
            signal.signal(number, signal.SIG_DFL)


def shelter_tracker() -> None:
    """Start Python's tracker of shared memory, which guards itself against Ctrl-C and SIGTERM alone.

    It would end with the terminal, and a new one, begun for the tidying up, knows nothing of what is to be tidied up.
    To be called before anything is shared.
    """
    if not hasattr(signal, "pthread_sigmask"):
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        resource_tracker.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
