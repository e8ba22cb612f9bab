"""Files of looks: read with the line of every mistake, written with comments and order kept."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamv2v.config import EMBEDDED_MODEL

from ..errors import LookError
from ..system import textfile
from ..system.ownership import remedy
from .family import family_of
from .look import Look
from .numbers import NUMBER_LIMIT, LookSet

NUMBERS = "numbers"
"""The table that holds no look: name -> number."""
_NOT_LIVE = ("title", "made_for")
"""What stands in the table of a look and is no value of it."""


@dataclass(frozen=True)
class FileOfLooks:
    """What stands in a file.

    Attributes:
        looks: in their order.
        numbers: name -> number that was given to a look, also to a shipped one.
    """

    looks: list[Look] = field(default_factory=list)
    numbers: Mapping[str, int] = field(default_factory=dict)


def load_looks(
    model: str = EMBEDDED_MODEL,
    user_path: Path | None = None,
    *,
    must_exist: bool = False,
    family: str | None = None,
) -> LookSet:
    """The shipped looks for a model, with those of the user's file over them that fit it.

    Args:
        model: "embedded" gets the looks the embedded model has learned, every other model those for SD 1.5.
        user_path: the user's file; need not exist unless `must_exist`.
        family: the user's looks for that one count, "" all; None asks the model.

    Raises:
        LookError: a file that is missing, unreadable, no TOML or holds a refused value (with the line).
    """
    own = FileOfLooks()
    if user_path is not None and (must_exist or user_path.exists()):
        own = parse_file(read_text(user_path), str(user_path))
    return joined(shipped_looks(model), own, family_of(model) if family is None else family)


def joined(shipped: list[Look], own: FileOfLooks, family: str) -> LookSet:
    """Shipped looks with the person's for that family over them, one of the same name in the shipped one's place."""
    fitting = [look for look in own.looks if look.fits(family)]
    return LookSet({look.name: look for look in [*shipped, *fitting]}.values(), own.numbers)


def shipped_looks(model: str) -> list[Look]:
    """The looks that ship for a model, in order."""
    return parse_looks(shipped_text(model), "shipped")


def shipped_text(model: str) -> str:
    """The shipped file of looks for a model, comments and all."""
    name = "embedded.toml" if model == EMBEDDED_MODEL else "sd15.toml"
    return (Path(__file__).parents[1] / "presets" / name).read_text(encoding="utf-8")


def read_text(path: Path) -> str:
    """The text of a file of looks; a byte order mark is read over.

    Raises:
        LookError: it cannot be read, or is no UTF-8.
    """
    try:
        return textfile.read_text(path)
    except UnicodeDecodeError as error:
        raise LookError(f"The file of looks {path} is not UTF-8 text; save it as UTF-8 in your editor.") from error
    except OSError as error:
        raise LookError(f"The file of looks {path} cannot be read ({error.strerror}).{remedy(error)}") from error


def parse_looks(text: str, origin: str) -> list[Look]:
    """Looks from TOML text, in order.

    Raises:
        LookError: names the file, the line, the look and the field.
    """
    return parse_file(text, origin).looks


def parse_file(text: str, origin: str) -> FileOfLooks:
    """Looks and numbers from TOML text.

    Raises:
        LookError: names the file, the line, the look and the field.
    """
    where = f"{origin}, line "
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise LookError(f"The file of looks {origin} is not valid TOML: {error}.") from error
    if len(tables) > NUMBER_LIMIT + 1:
        raise LookError(f"The file of looks {origin} holds {len(tables)} looks; at most {NUMBER_LIMIT} are taken.")
    looks: list[Look] = []
    numbers: dict[str, int] = {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise LookError(f"{where}{line_of(text, name)}: {name} stands outside a look; write it below a [name].")
        if name == NUMBERS and "prompt" not in table:
            numbers = _checked_numbers(table, text, where)
            continue
        values = {key: value for key, value in table.items() if key not in _NOT_LIVE}
        try:
            looks.append(Look(name, table.get("title", ""), values, origin, table.get("made_for", "")))
        except LookError as error:
            key = next((key for key in table if f": {key}" in str(error)), None)
            raise LookError(f"{where}{line_of(text, name, key)}: {error}") from error
    return FileOfLooks(looks, numbers)


def written(text: str, path: Path, looks: Mapping[str, Look | None], numbers: Mapping[str, int | None]) -> str:
    """The text of a file with looks and numbers changed; its other looks, order and comments stay.

    Args:
        text: what is in the file.
        path: named in a refusal.
        looks, numbers: what is new; None takes it out.

    Raises:
        LookError: the text is no TOML.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        for name, look in looks.items():
            _put(document, name, None if look is None else _table_of(look))
        if numbers:
            _put(document, NUMBERS, _merged(document.get(NUMBERS, {}), numbers) or None)
        return tomlkit.dumps(document)
    except (TOMLKitError, RecursionError) as error:
        raise LookError(f"The file of looks {path} is not valid TOML: {error}; nothing was written.") from error


def _table_of(look: Look) -> dict[str, Any]:
    return {"title": look.title, **({"made_for": look.made_for} if look.made_for else {}), **look.values}


def _put(document: Any, name: str, wanted: Mapping[str, Any] | None) -> None:
    import tomlkit

    if wanted is None:
        if name in document:
            del document[name]
        return
    table = document.get(name)
    if table is None:
        table = tomlkit.table()
        document[name] = table
    for gone in [key for key in table if key not in wanted]:
        del table[gone]
    for key, value in wanted.items():
        if key not in table or table[key] != value:
            table[key] = value


def _merged(old: Mapping[str, int], new: Mapping[str, int | None]) -> dict[str, int]:
    merged = {**{str(name): int(number) for name, number in old.items()}, **new}
    return {name: number for name, number in merged.items() if number is not None}


def _checked_numbers(table: Mapping[str, Any], text: str, where: str) -> dict[str, int]:
    for name, number in table.items():
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= NUMBER_LIMIT:
            line = line_of(text, NUMBERS, name)
            raise LookError(
                f"{where}{line}: {NUMBERS}: {name}: {number!r} was refused; allowed is 1 to {NUMBER_LIMIT}."
            )
    return dict(table)


def line_of(text: str, table: str, key: str | None = None) -> int:
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
