"""What of a foreign file of looks is taken: everything but what would put the camera's own picture on air."""

from __future__ import annotations

from dataclasses import dataclass

from .look import Look

OF_THE_CAMERA = ("camera", "blur")
"""In `outside`: what the camera sees, or the same out of focus."""


@dataclass(frozen=True)
class Imported:
    """What came of an import, by names of looks.

    Attributes:
        added: those that are new.
        replaced: those that were written over.
        skipped: those that stayed as they were.
        bared: of the first two those that lost a region, since the camera's own picture would have been seen outside.
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
            f"Where the look is was left out of {', '.join(self.bared)}: outside of it your camera's own picture would "
            "be seen. Choose that yourself, and save the look again."
        )


def without_camera(look: Look) -> Look:
    """A look that shows nothing of the camera's own picture; the same object where it did not.

    A region counts unless the look itself says that a colour or a palette is outside of it: what it leaves open, the
    person may have set to the camera. Without a region of its own it must not open the person's.
    """
    values = dict(look.values)
    seen = values.get("outside", "camera") in OF_THE_CAMERA
    if seen:
        values.pop("outside", None)
        if values.get("region", "whole") != "whole":
            del values["region"]
    return look if values == dict(look.values) else Look(look.name, look.title, values, look.origin)
