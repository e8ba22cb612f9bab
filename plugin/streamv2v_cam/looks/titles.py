"""Titles in any script, and the short names that are made from them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

from streamv2v.errors import ControlError

from .look import RESERVED_NAMES

TITLE_LIMIT = 60
_SWITCHES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
"""Characters that turn the direction of what is written after them: one title would write over its neighbours."""


def clean_title(title: str) -> str:
    """A title as it is kept: one line, single spaces, no invisible switches.

    Raises:
        ControlError: nothing to read is left, or too much.
    """
    kept = "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in title)
    kept = " ".join("".join(sign for sign in kept if sign not in _SWITCHES).split())
    if not any(unicodedata.category(sign)[0] in "LNPS" for sign in kept):
        raise ControlError("title", title, "something to read, in any script")
    if len(kept) > TITLE_LIMIT:
        raise ControlError("title", f"{kept[:TITLE_LIMIT]}...", f"at most {TITLE_LIMIT} characters")
    return kept


def title_key(title: str) -> str:
    """Equal for titles that a person takes for the same: case, width and spaces do not count."""
    return " ".join(unicodedata.normalize("NFKC", title).casefold().split())


def name_for(title: str, number: int, taken: Container[str]) -> str:
    """A short name that no look has: from the letters a to z and digits of the title, or else from its number."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().casefold()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:36].strip("-")
    if not stem or stem.isdecimal():  # a name of digits would stand for another look's number
        stem = f"look-{stem or number}"
    name, again = stem, 1
    while name in taken or name in RESERVED_NAMES:
        again += 1
        name = f"{stem}-{again}"
    return name


def another_title(title: str, is_taken: Container[str]) -> str:
    """The title with the first number behind it that makes it a new one; `is_taken` holds keys of titles."""
    stem = re.sub(r" \d{1,3}$", "", title)[: TITLE_LIMIT - 4].strip() or title
    again = 2
    while title_key(f"{stem} {again}") in is_taken:
        again += 1
    return f"{stem} {again}"
