"""Look: a named preset of live values."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streamv2v.controls import CONTROL_NAMES, STRUCTURE_WEIGHTS, Controls
from streamv2v.errors import ControlError

from ..errors import LookError
from .family import FAMILIES, fits

LOOK_CONTROLS = tuple(
    name for name in CONTROL_NAMES if name not in ("mode", "motion", "mirror", "fit", "zoom", "pan_x", "pan_y")
)
"""What a look may set. What is on air (mode), its motion and the framing belong to the streamer, not to a look."""

RESTORED = (
    "prompt",
    "blend",
    "negative_prompt",
    "strength",
    "step_spread",
    "guidance_scale",
    "reference",
    "reference_blend",
    "reference_weight",
    *STRUCTURE_WEIGHTS,
    "bank_weight",
    "fusion_strength",
    "transition_s",
    "detail",
    "borrow",
)
"""Returned to their defaults by a look that does not name them, so that a look always looks the same."""

RESERVED_NAMES = ("auto", "none", "numbers")
"""Words with a meaning of their own: in `start.look` the first look and no look, in a file the table of numbers."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True)
class Look:
    """A named preset.

    Attributes:
        name: 1 to 40 letters, digits, "-" or "_".
        title: for people; the name where none was given.
        values: the controls it sets.
        origin: "shipped", or the path of the user's file.
        made_for: family of the model it was made with, one of `FAMILIES`; "" for none in particular.

    Raises:
        LookError: a bad name, an unknown family, or values that the controls refuse.
    """

    name: str
    title: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    origin: str = "shipped"
    made_for: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise LookError(f"Look {self.name!r}: a name is 1 to 40 letters, digits, '-' or '_', without spaces.")
        if self.name in RESERVED_NAMES:
            raise LookError(f"Look {self.name!r}: this name has a meaning of its own; choose another.")
        if not isinstance(self.title, str):
            raise LookError(f"Look {self.name!r}: title: {self.title!r} was refused; allowed is text.")
        if self.made_for not in ("", *FAMILIES):
            allowed = ", ".join(FAMILIES)
            raise LookError(
                f"Look {self.name!r}: made_for: {self.made_for!r} was refused; allowed is one of {allowed}."
            )
        for name in self.values:
            if name not in LOOK_CONTROLS:
                close = difflib.get_close_matches(name, LOOK_CONTROLS, n=1)
                hint = f"did you mean {close[0]}?" if close else f"a look can set {', '.join(LOOK_CONTROLS)}."
                raise LookError(f"Look {self.name!r}: {name} is nothing a look can set; {hint}")
        if "prompt" not in self.values:
            raise LookError(f"Look {self.name!r} has no prompt; give it one, in words that describe the picture.")
        try:
            Controls().patched(self.values)
        except ControlError as error:
            raise LookError(f"Look {self.name!r}: {error}") from error
        object.__setattr__(self, "title", self.title or self.name)

    @property
    def prompt(self) -> str:
        return Controls().patched(self.values).prompt

    def patch(self) -> dict[str, Any]:
        """What to apply to the controls: the look's own values over the defaults of `RESTORED`."""
        plain = Controls().as_dict()
        return {name: plain[name] for name in RESTORED} | dict(self.values)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        made_for = {"made_for": self.made_for} if self.made_for else {}
        return {"name": self.name, "title": self.title, "origin": self.origin, **made_for, **self.values}

    def fits(self, family: str) -> bool:
        """Whether it is one for models of that family; any, where that is not known."""
        return fits(self.made_for, family, bound=bool(self.values.get("loras")))

    @property
    def is_shipped(self) -> bool:
        return self.origin == "shipped"


def look_of(controls: Controls, name: str, title: str = "", made_for: str = "") -> Look:
    """The live values as a look: prompt, strength and seed, and everything else that is not at its default.

    Raises:
        LookError: a bad name.
    """
    plain, now = Controls().as_dict(), controls.as_dict()
    always = ("prompt", "strength", "seed")
    values = {key: now[key] for key in LOOK_CONTROLS if key in always or now[key] != plain[key]}
    return Look(name, title, values, "yours", made_for)
