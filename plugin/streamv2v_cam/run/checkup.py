"""Checkup: the doctor beside a program on air; it tries nothing out, and one examination runs at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..doctor import Report
    from ..doctor.machine import Machine
    from ..settings import LoadedSettings

FRESH_S = 3.0
"""What was found holds so long; several docks may ask at once."""


class Checkup:
    """Examines the machine for the dock.

    Args:
        settings: of the run, as it was started.
        page_port: gives the port the page is really at.
        machine: gives the facts; None is this one.
    """

    def __init__(
        self, settings: LoadedSettings, page_port: Callable[[], int], *, machine: Machine | None = None
    ) -> None:
        self._settings, self._page_port, self._machine = settings, page_port, machine
        self._lock = threading.Lock()
        self._report: Report | None = None
        self._at_s = 0.0

    def findings(self) -> dict[str, Any]:
        """Plain values, ready for JSON; takes up to some seconds."""
        return self._examined().as_dict()

    def bundle(self) -> bytes:
        """The zip for a bug report, without secrets and prompts."""
        from ..doctor.bundle import bundle_members, packed

        return packed(bundle_members(self._examined()))

    def _examined(self) -> Report:
        # a dock that nobody asks for its health costs the start no import
        from ..doctor import examine
        from ..doctor.case import Case
        from ..doctor.machine import Machine

        with self._lock:
            if self._report is None or time.monotonic() > self._at_s + FRESH_S:
                machine = self._machine or Machine()
                case = Case(machine, self._settings, deep=False, program=True, page_port=self._page_port())
                self._report, self._at_s = examine(case), time.monotonic()
            return self._report
