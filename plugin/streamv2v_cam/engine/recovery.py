"""What to do after an engine ended: how long to wait, with what to start again, and how to say it. Pure."""

from __future__ import annotations

import signal
from dataclasses import dataclass, replace

from streamv2v.config import StreamConfig
from streamv2v.models.fallbacks import difference, smaller

from .protocol import Failure, FailureKind

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 30.0
STABLE_AFTER_S = 60.0
BARREN_LIMIT = 3


@dataclass
class Recovery:
    """Remembers how the last starts went and chooses the next.

    Attributes:
        first_delay_s: wait after a second failure in a row, the first has none; doubles up to 30 s with each more.
        failures: in a row, since the engine last ran for a minute.
        memory_failures: of them, those for lack of memory.
        barren: crashes in a row of a configuration that has never drawn a picture.
    """

    first_delay_s: float = FIRST_DELAY_S
    failures: int = 0
    memory_failures: int = 0
    barren: int = 0
    _drew: StreamConfig | None = None
    _before: StreamConfig | None = None
    """Of the model that drew before the one that drew last."""

    def ran(self, seconds: float) -> None:
        """The engine worked for so long before it ended; a minute clears the record."""
        if seconds >= STABLE_AFTER_S:
            self.failures = self.memory_failures = 0

    def drew(self, config: StreamConfig) -> None:
        """An engine of that configuration has drawn a picture."""
        if self._drew is not None and self._drew.model != config.model:
            self._before = self._drew
        self._drew, self.barren = config, 0

    def judged(self, failure: Failure, config: StreamConfig, *, drew: bool) -> Failure:
        """The failure as it counts.

        A configuration that never drew a picture is given up with its third crash. One that drew is never given up:
        what it lacks now (a model's folder on a disk that is not there, a package in the middle of an update) may come
        back. Where another model drew before it, that one follows: after three starts without a picture, or at once
        where this one never gave any and cannot be used.

        Args:
            drew: whether the engine that ended drew a picture.
        """
        if drew:
            self.drew(config)
        back, known = self._other(config), self._drew == config
        crash = replace(failure, kind=FailureKind.CRASH) if failure.kind.permanent else failure
        if drew or failure.kind is FailureKind.MEMORY or (known and back is None):
            self.barren = 0
            return crash
        if back is not None:
            self.barren = BARREN_LIMIT if failure.kind.permanent and not known else self.barren + 1
            return crash
        if failure.kind is not FailureKind.CRASH:
            self.barren = 0
            return failure
        self.barren += 1
        if self.barren < BARREN_LIMIT:
            return failure
        self.barren = 0
        reason = f"{failure.reason}; it ended {BARREN_LIMIT} times before its first picture and is not started again"
        return Failure(FailureKind.MODEL, reason, failure.detail)

    def after(self, failure: Failure, config: StreamConfig) -> tuple[float, StreamConfig, str]:
        """The next start: delay in seconds, configuration, and the reason with what is being done about it."""
        # viewers wait for the first restart; only one that fails again and again is given a pause
        delay_s = min(LONGEST_DELAY_S, self.first_delay_s * 2 ** (self.failures - 1)) if self.failures else 0.0
        self.failures += 1
        back = self._other(config)
        if back is not None and self.barren >= BARREN_LIMIT:
            self._drew, self._before, self.barren = back, None, 0
            return 0.0, back, f"{failure.reason}; it gave no picture, and the model before it is back"
        if failure.kind is not FailureKind.MEMORY:
            return delay_s, config, f"{failure.reason}; restarting"
        self.memory_failures += 1
        # once may have been another program's doing; twice means that it does not fit
        if self.memory_failures < 2:
            return delay_s, config, f"{failure.reason}; restarting"
        lower = smaller(config)
        if lower is None:
            return LONGEST_DELAY_S, config, f"{failure.reason}; already at the smallest size, trying again"
        return delay_s, lower, f"{failure.reason}; restarting with {difference(config, lower)}"

    def _other(self, config: StreamConfig) -> StreamConfig | None:
        """What drew last of another model; None where there was none."""
        return next((one for one in (self._drew, self._before) if one is not None and one.model != config.model), None)


def exit_failure(exit_code: int | None, *, for_memory: bool = False) -> Failure:
    """A failure for a process that ended without a word.

    Args:
        for_memory: while it ran the system has ended a process because memory ran out.
    """
    if for_memory and exit_code is not None and -exit_code == signal.Signals.SIGKILL:
        return Failure(FailureKind.MEMORY, "the system ran out of memory and ended the engine")
    if exit_code is not None and exit_code < 0:
        number = -exit_code
        name = signal.strsignal(number) if number in signal.valid_signals() else None
        reason = f"the engine was killed (signal {number}{f', {name}' if name else ''})"
        return Failure(FailureKind.CRASH, reason)
    return Failure(FailureKind.CRASH, f"the engine ended by itself (exit code {exit_code})")
