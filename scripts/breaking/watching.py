"""What becomes of a show when something breaks: watched from the fault until it is as before, and put into a row."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

LIMIT_S = 150.0
LOOK_S = 0.02
MUTE_S = 1.0
"""A show that does not answer for so long has been mute, which is told."""
AFTER_S = 0.4
"""Watched on for so long after it is as before: a late beat is told by the beat after it."""


class NotSo(Exception):
    """Something did not come about that a fault is measured by; one line."""


@dataclass(frozen=True)
class Look:
    """A show at one moment.

    Attributes:
        state: what is on air, an `AirState`; "" while the program does not answer.
        reason: what is said about it.
        styled: pictures that the engine has drawn since the start.
        late: beats that came late since the start.
        told: all that the API says; empty where the show is not asked through it.
    """

    state: str
    reason: str
    styled: int
    late: int
    told: dict[str, Any] = field(default_factory=dict)


class Show(Protocol):
    """A live show that can be looked at."""

    def look(self) -> Look:
        """How it is now; cheap."""
        ...


@dataclass
class Row:
    """One fault and what came of it.

    Attributes:
        fault: what was done.
        on_air: what viewers saw: the states in their order.
        said: what page, log or terminal said.
        noticed_s: from the fault until something was said or shown; None where nothing was.
        again_s: from the fault until all was as before; None where it never was otherwise.
        still_s: longest time meanwhile without a new drawing of the engine, as far as the show answers.
        late: beats that came late meanwhile; None where there was no beat to look at.
        note: what else was found.
        wrong: why the fault could not be played, or did not end as it must; "" when all is well.
    """

    fault: str
    on_air: str = ""
    said: str = ""
    noticed_s: float | None = None
    again_s: float | None = None
    still_s: float | None = None
    late: int | None = None
    note: str = ""
    wrong: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def is_live(look: Look) -> bool:
    """Whether the look is on air."""
    return look.state == "live"


def watch(
    show: Show,
    name: str,
    break_it: Callable[[], object],
    *,
    well: Callable[[Look], bool] = is_live,
    words: Callable[[Look], str] = lambda look: look.reason,
    mend: Callable[[], object] = lambda: None,
    for_s: float | None = None,
    limit_s: float = LIMIT_S,
) -> Row:
    """Do something to a live show and follow it until all is as before.

    Args:
        show: live, and well.
        name: of the fault.
        break_it: the fault; measured from its beginning.
        well: whether nothing is amiss.
        words: what is said about it.
        mend: done once the fault is noticed (a cable is put back); what is measured includes it.
        for_s: for a fault that nobody is to notice: watched for so long; None waits until it was noticed and is over.
        limit_s: longest wait.

    Raises:
        NotSo: it was not noticed, or is not over, within the limit.
    """
    before, began_s = show.look(), time.monotonic()
    row = Row(name)
    states, styled = ["live"], before.styled
    drawn, drawn_s, still_s = before.styled, 0.0, 0.0
    answered_s, mute_s = 0.0, 0.0
    break_it()
    while True:
        look, now_s = show.look(), time.monotonic() - began_s
        if look.state:
            silent_s = now_s - answered_s
            mute_s, answered_s = max(mute_s, silent_s), now_s
            if silent_s > MUTE_S:
                # what the engine did meanwhile is not known
                drawn_s = now_s
            still_s = max(still_s, now_s - drawn_s)
            if look.styled != drawn:
                drawn, drawn_s = look.styled, now_s
        # a program that does not answer may still be on air: nothing is known of it, and nothing noted
        if look.state and look.state != states[-1]:
            states.append(look.state)
        if not well(look):
            if row.noticed_s is None:
                row.noticed_s, row.said = round(now_s, 1), words(look)
                mend()
            # what was drawn before it was noticed says nothing about afterwards
            styled = look.styled
            row.said = row.said or words(look)
        elif row.noticed_s is not None and look.styled > styled:
            row.again_s = round(now_s, 1)
            break
        if for_s is not None and row.noticed_s is None and now_s > for_s:
            break
        if now_s > limit_s:
            what = "was not noticed" if row.noticed_s is None else f"is not over ({look.state}: {words(look)})"
            raise NotSo(f"after {limit_s:g} s it {what}")
        time.sleep(LOOK_S)
    time.sleep(AFTER_S)
    row.on_air, row.still_s, row.late = " > ".join(states), round(still_s, 1), show.look().late - before.late
    row.note = f"no answer for {mute_s:.1f} s" if mute_s > MUTE_S else ""
    return row


def wait(true: Callable[[], object], what: str, *, limit_s: float = LIMIT_S) -> float:
    """Until it is so; how long it took, s.

    Raises:
        NotSo: not within the limit.
    """
    began_s = time.monotonic()
    while not true():
        if time.monotonic() - began_s > limit_s:
            raise NotSo(f"{what}: not within {limit_s:g} s")
        time.sleep(LOOK_S)
    return time.monotonic() - began_s
