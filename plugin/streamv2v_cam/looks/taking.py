"""What of a foreign file of looks is taken: everything but what would put the camera's own picture on air. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ..errors import LookClash
from .file import FileOfLooks
from .look import Look
from .numbers import LookSet
from .titles import clean_title, name_for, title_key

SameTitle = Literal["ask", "replace", "skip"]

OF_THE_CAMERA = ("camera", "blur")
"""In `outside`: what the camera sees, or the same out of focus."""
LEAST_STRENGTH = 0.25
"""At 0.2 the embedded model shows the camera's own picture with a tint of the look, at 0.3 the look."""


@dataclass(frozen=True)
class Imported:
    """What came of an import, by names of looks.

    Attributes:
        added: those that are new.
        replaced: those that were written over.
        skipped: those that stayed as they were.
        bared: of the first two those that lost what would have shown the camera's own picture: a region with the
            camera outside of it, or a strength near 0.
    """

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    bared: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """What was left out, one line for a person; "" where nothing was."""
        if not self.bared:
            return ""
        return (
            f"Region or strength was left out of {', '.join(self.bared)}: your camera's own picture would be seen. "
            "Choose that yourself, and save the look again."
        )


def without_camera(look: Look) -> Look:
    """A look that shows nothing of the camera's own picture; the same object where it did not.

    A strength near 0 is that picture; without one the look has the usual strength. A region counts unless the
    look itself says that a colour or a palette is outside of it: what it leaves open, the person may have set to the
    camera. Without a region of its own it must not open the person's.
    """
    values = dict(look.values)
    seen = values.get("outside", "camera") in OF_THE_CAMERA
    if seen:
        values.pop("outside", None)
        if values.get("region", "whole") != "whole":
            del values["region"]
    if values.get("strength", LEAST_STRENGTH) < LEAST_STRENGTH:
        del values["strength"]
    return look if values == dict(look.values) else replace(look, values=values)


@dataclass(frozen=True)
class Plan:
    """What is to be written: looks and numbers by name, and what to say of them."""

    looks: Mapping[str, Look | None]
    numbers: Mapping[str, int | None]
    imported: Imported


class _Here:
    """The looks that are here by now, found by what an import asks for; so many looks, so many steps.

    Attributes:
        names, numbers: that are taken.
    """

    def __init__(self, looks: LookSet) -> None:
        self.names, self.numbers = set(looks.names), set(looks.numbers.values())
        self._first = min(self.numbers, default=0) + 1
        self._titled: defaultdict[str, list[Look]] = defaultdict(list)
        for look in looks:
            self._titled[title_key(look.title)].append(look)

    def titled(self, title: str, made_for: str) -> Look | None:
        """The look of that title for the same models; one for none in particular is for all."""
        return next((one for one in self._titled[title_key(title)] if _meet(one.made_for, made_for)), None)

    def free_number(self) -> int:
        """As of a `LookSet`."""
        while self._first in self.numbers:
            self._first += 1
        return self._first

    def take(self, new: Look, same: Look | None, number: int) -> None:
        """A look that is new, or stands in the place of the same."""
        held = self._titled[title_key(new.title)]
        held[:] = [*(one for one in held if one is not same), new]
        self.names.add(new.name)
        if same is None:
            self.numbers.add(number)


def planned(found: FileOfLooks, looks: LookSet, same_title: SameTitle) -> Plan:
    """What the looks of a file come to.

    Args:
        found: in the file.
        looks: all that are here, for whatever model.
        same_title: see `Shelf.import_text`.

    Raises:
        LookClash: "ask", and titles are taken; names them.
        ControlError: a title that cannot be one.
    """
    added, replaced, skipped, asked, bared = [], [], [], [], []
    changed: dict[str, Look | None] = {}
    numbers: dict[str, int | None] = {}
    here = _Here(looks)
    for foreign in found.looks:
        title, look = clean_title(foreign.title), without_camera(foreign)
        same = here.titled(title, look.made_for)
        if same and (same.patch() in (foreign.patch(), look.patch()) or same_title == "skip"):
            skipped.append(same.name)
            continue
        if same and same_title == "ask":
            asked.append(same)
            continue
        wanted = found.numbers.get(look.name, 0)
        number = wanted if wanted > 1 and wanted not in here.numbers else here.free_number()
        keeps_name = look.name not in here.names and not look.name.isdecimal()
        name = same.name if same else look.name if keeps_name else name_for(title, number, here.names)
        changed[name] = new = Look(name, title, look.values, made_for=look.made_for)
        (replaced if same else added).append(name)
        if look is not foreign:
            bared.append(name)
        if not same:
            numbers[name] = number
        here.take(new, same, number)
    if asked:
        raise LookClash(
            f"Looks of these titles are here, and differ: {', '.join(look.title for look in asked)}. "
            "Replace them, or skip them?",
            field="title",
            look=asked[0].name,
        )
    return Plan(changed, numbers, Imported(*map(tuple, (added, replaced, skipped, bared))))


def _meet(one: str, other: str) -> bool:
    return not one or not other or one == other
