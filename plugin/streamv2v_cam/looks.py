"""Looks: named presets of live values, shipped ones and the user's own, in TOML.

A look is a table; its name is the table's name, its number the place in the file:

    [pencil]
    title = "Pencil sketch"
    prompt = "a pencil sketch"
    strength = 0.55

The user's looks come first, in the order of their file, then the shipped ones they did not redefine.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamv2v.config import EMBEDDED_MODEL
from streamv2v.controls import CONTROL_NAMES, Controls
from streamv2v.errors import ControlError

from .errors import LookError
from .system.textfile import write_text

LOOK_CONTROLS = tuple(name for name in CONTROL_NAMES if name not in ("mode", "mirror", "fit", "zoom", "pan_x", "pan_y"))
"""What a look may set. What is on air (mode) and the framing belong to the streamer, not to a look."""

RESTORED = (
    "prompt",
    "blend",
    "negative_prompt",
    "strength",
    "guidance_scale",
    "bank_weight",
    "fusion_strength",
    "transition_s",
)
"""Returned to their defaults by a look that does not name them, so that a look always looks the same."""

RESERVED_NAMES = ("auto", "none")
"""What `start.look` means by themselves: the first look, and no look."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True)
class Look:
    """A named preset.

    Attributes:
        name: 1 to 40 letters, digits, "-" or "_".
        title: for people; the name where none was given.
        values: the controls it sets.
        origin: "shipped", or the path of the user's file.

    Raises:
        LookError: a bad name, or values that the controls refuse.
    """

    name: str
    title: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    origin: str = "shipped"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise LookError(f"Look {self.name!r}: a name is 1 to 40 letters, digits, '-' or '_', without spaces.")
        if self.name in RESERVED_NAMES:
            raise LookError(f"Look {self.name!r}: this name has a meaning of its own; choose another.")
        if not isinstance(self.title, str):
            raise LookError(f"Look {self.name!r}: title: {self.title!r} was refused; allowed is text.")
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
        return {"name": self.name, "title": self.title, "origin": self.origin, **self.values}


def look_of(controls: Controls, name: str, title: str = "") -> Look:
    """The live values as a look: prompt, strength and seed, and everything else that is not at its default.

    Raises:
        LookError: a bad name.
    """
    plain, now = Controls().as_dict(), controls.as_dict()
    always = ("prompt", "strength", "seed")
    values = {key: now[key] for key in LOOK_CONTROLS if key in always or now[key] != plain[key]}
    return Look(name, title, values, "yours")


class LookSet:
    """The looks of one run, in order; the first nine carry the numbers 1 to 9."""

    def __init__(self, looks: list[Look]) -> None:
        self._looks = {look.name: look for look in looks}

    def __iter__(self) -> Iterator[Look]:
        return iter(self._looks.values())

    def __len__(self) -> int:
        return len(self._looks)

    def __contains__(self, name: object) -> bool:
        return name in self._looks

    @property
    def names(self) -> list[str]:
        return list(self._looks)

    def first(self) -> Look | None:
        return next(iter(self), None)

    def with_look(self, look: Look) -> LookSet:
        """The same looks with `look` in the place of its name, or at the end: no number moves."""
        return LookSet([*({**self._looks, look.name: look}).values()])

    def get(self, wanted: str | int) -> Look:
        """The look of a name or of a number from 1.

        Raises:
            LookError: there is none; names the nearest.
        """
        name = str(wanted).strip()
        if name in self._looks:
            return self._looks[name]
        if name.isdecimal() and 1 <= int(name) <= len(self):
            return list(self)[int(name) - 1]
        folded = {key.casefold(): key for key in self._looks}
        if name.casefold() in folded:
            return self._looks[folded[name.casefold()]]
        close = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)
        nearest = (
            f"nearest: {', '.join(folded[key] for key in close)}" if close else f"there are {', '.join(self.names)}"
        )
        raise LookError(f"There is no look {name!r}; {nearest}. `streamv2v-cam looks` lists them all.")


def load_looks(model: str = EMBEDDED_MODEL, user_path: Path | None = None, *, must_exist: bool = False) -> LookSet:
    """The shipped looks for a model, with the user's file over them.

    Args:
        model: "embedded" gets the looks the embedded model has learned, every other model those for SD 1.5.
        user_path: the user's file; need not exist unless `must_exist`.

    Raises:
        LookError: a file that is missing, unreadable, no TOML or holds a refused value (with the line).
    """
    own: list[Look] = []
    if user_path is not None and (must_exist or user_path.exists()):
        try:
            own = parse_looks(user_path.read_text(encoding="utf-8"), str(user_path))
        except (OSError, UnicodeDecodeError) as error:
            raise LookError(f"The file of looks {user_path} cannot be read ({error}).") from error
    shipped = parse_looks(shipped_text(model), "shipped")
    taken = {look.name for look in own}
    return LookSet(own + [look for look in shipped if look.name not in taken])


def shipped_text(model: str) -> str:
    """The shipped file of looks for a model, comments and all."""
    name = "embedded.toml" if model == EMBEDDED_MODEL else "sd15.toml"
    return (Path(__file__).parent / "presets" / name).read_text(encoding="utf-8")


def parse_looks(text: str, origin: str) -> list[Look]:
    """Looks from TOML text, in order.

    Raises:
        LookError: names the file, the line, the look and the field.
    """
    where = f"{origin}, line "
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LookError(f"The file of looks {origin} is not valid TOML: {error}.") from error
    looks: list[Look] = []
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise LookError(f"{where}{_line(text, name)}: {name} stands outside a look; write it below a [name].")
        values = {key: value for key, value in table.items() if key != "title"}
        try:
            looks.append(Look(name, table.get("title", ""), values, origin))
        except LookError as error:
            key = next((key for key in table if f": {key}" in str(error)), None)
            raise LookError(f"{where}{_line(text, name, key)}: {error}") from error
    return looks


def save_look(path: Path, look: Look) -> None:
    """Write one look into the user's file, which keeps its other looks, order and comments.

    Raises:
        LookError: the file that is there is no TOML, or cannot be written.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else tomlkit.document()
        table = document.get(look.name)
        if table is None:
            table = tomlkit.table()
            document[look.name] = table
        wanted = {"title": look.title, **look.values}
        for gone in [key for key in table if key not in wanted]:
            del table[gone]
        for key, value in wanted.items():
            if key not in table or table[key] != value:
                table[key] = value
        write_text(path, tomlkit.dumps(document))
    except TOMLKitError as error:
        raise LookError(f"The file of looks {path} is not valid TOML: {error}; nothing was written.") from error
    except OSError as error:
        raise LookError(f"Look {look.name!r} could not be saved to {path} ({error}).") from error


def _line(text: str, table: str, key: str | None = None) -> int:
    """The line (from 1) of a table's header, or of a key below it; 1 where neither is found."""
    header = re.compile(rf"\s*\[\s*[\"']?{re.escape(table)}[\"']?\s*\]|\s*[\"']?{re.escape(table)}[\"']?\s*=")
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if header.match(line)), 0)
    if key is not None:
        for number in range(start + 1, len(lines)):
            if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", lines[number]):
                return number + 1
            if lines[number].lstrip().startswith("["):
                break
    return start + 1
