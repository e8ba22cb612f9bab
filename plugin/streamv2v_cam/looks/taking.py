"""What of a foreign file of looks is taken: everything but what would put the camera's own picture on air. Pure."""

from __future__ import annotations

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
LEAST_STRENGTH = 0.2
"""Below it viewers see the camera's own picture with a tint of the look."""


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
    for foreign in found.looks:
        title, look = clean_title(foreign.title), without_camera(foreign)
        same = _titled(looks, title, look.made_for)
        if same and (same.patch() in (foreign.patch(), look.patch()) or same_title == "skip"):
            skipped.append(same.name)
            continue
        if same and same_title == "ask":
            asked.append(same)
            continue
        wanted = found.numbers.get(look.name, 0)
        number = wanted if wanted > 1 and looks.at(wanted) is None else looks.free_number()
        keeps_name = look.name not in looks and not look.name.isdecimal()
        name = same.name if same else look.name if keeps_name else name_for(title, number, looks)
        changed[name] = new = Look(name, title, look.values, made_for=look.made_for)
        (replaced if same else added).append(name)
        if look is not foreign:
            bared.append(name)
        if not same:
            numbers[name] = number
        looks = LookSet([*looks, new], {**looks.numbers, name: looks.numbers.get(name, number)})
    if asked:
        raise LookClash(
            f"Looks of these titles are here, and differ: {', '.join(look.title for look in asked)}. "
            "Replace them, or skip them?",
            field="title",
            look=asked[0].name,
        )
    return Plan(changed, numbers, Imported(*map(tuple, (added, replaced, skipped, bared))))


def _titled(looks: LookSet, title: str, made_for: str) -> Look | None:
    """The look of that title for the same models; one for none in particular is for all."""
    key = title_key(title)
    return next((one for one in looks if title_key(one.title) == key and _meet(one.made_for, made_for)), None)


def _meet(one: str, other: str) -> bool:
    return not one or not other or one == other
