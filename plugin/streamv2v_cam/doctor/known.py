"""Known: finds what is known to be secret, in every way in which it may be written.

The case of letters does not count: resolvers lower the names of hosts, escapes of addresses come in both cases. Only a
short word of letters alone is looked for as a whole word then, since "main" is in "remaining".
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote_plus

SHORTEST = 4
"""Shorter secrets are not looked for by their letters, which would take words apart; their names give them away."""
WORD_LENGTH = 8
"""Words of letters alone that are shorter may be a part of another."""
ORDINARY_NAMES = {"root", "user", "admin", "video", "localhost", "debian", "ubuntu", "home", "camera", "python"}
COMMON_WORDS = ORDINARY_NAMES | {
    *("true", "false", "none", "null", "auto", "always", "never", "presenter", "webcam", "video", "own", "whole"),
    *("live", "stream", "http", "https", "rtsp", "file", "off", "streamv2v"),
}
"""The program's own words and what every report is full of: without them nothing in it could be read."""


class Known:
    """A set of secrets.

    Args:
        texts: the secrets.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        long = {text.strip() for text in texts if len(text.strip()) >= SHORTEST}
        self.texts = tuple(sorted((text for text in long if text.lower() not in COMMON_WORDS), key=len, reverse=True))
        whole = {text for text in self.texts if not _is_short_word(text)}
        words = set(self.texts) - whole
        folded = {_pattern(way) for text in whole for way in _ways(text)}
        encoded = {re.escape(way) for text in self.texts for way in _in_base64(text)}
        self._anywhere = _one_of(folded | {rf"(?<![^\W_]){_pattern(fold(word))}(?![^\W_])" for word in words})
        # base64 lives by the case of its letters; a short word is found in others in the case it was written
        self._as_written = _one_of(encoded | {re.escape(word) for word in words})

    def without(self, text: str, put: str) -> str:
        """The text with something else in the place of each."""
        kept, end = [], 0
        for start, stop in self._places(text):
            if start >= end:
                kept += [text[end:start], put]
            # two that overlap go together: neither leaves a part of the other
            end = max(end, stop)
        return "".join((*kept, text[end:]))

    def _places(self, text: str) -> list[tuple[int, int]]:
        looked = ((self._anywhere, fold(text)), (self._as_written, text))
        return sorted(found.span(1) for kind, where in looked if kind is not None for found in kind.finditer(where))

    def stands_in(self, text: str) -> bool:
        """Whether one of them is in the text."""
        found = self._anywhere is not None and self._anywhere.search(fold(text))
        return bool(found or (self._as_written is not None and self._as_written.search(text)))


def fold(text: str) -> str:
    """The text in small letters, each at the place where it was."""
    if text.isascii():
        return text.lower()
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)


def _is_short_word(text: str) -> bool:
    return len(text) < WORD_LENGTH and text.isalpha()


def _one_of(patterns: Iterable[str]) -> re.Pattern[str] | None:
    ordered = sorted(patterns, key=lambda pattern: (-len(pattern), pattern))
    # looked for ahead, so that one is found within another as well
    return re.compile(f"(?=({'|'.join(ordered)}))") if ordered else None


def _ways(text: str) -> set[str]:
    """In small letters, as it was written and as an address means it; macOS writes a letter and its dots apart."""
    forms = {text, unquote_plus(text)}
    normal = {unicodedata.normalize(kind, form) for form in forms for kind in ("NFC", "NFD")}
    return {fold(form) for form in forms | normal if len(form.strip()) >= SHORTEST}


def _pattern(folded: str) -> str:
    """How that may be written: plain, in an address, in JSON, as Python shows it, over the end of a line."""
    return "".join(map(_letter, re.split(r"(\s+|[^\w.-]|[^\x00-\x7f])", folded)))


def _letter(piece: str) -> str:
    if piece.isspace():
        # a blank of several is written as one where lines are broken anew
        return r"(?:\s|\\[nrt]|\\+u00a0|%20|%0[ad9]|%c2%a0|\+)+"
    if len(piece) != 1 or (piece.isascii() and (piece.isalnum() or piece in "._-")):
        return re.escape(piece)
    if piece.isascii():
        number = f"{ord(piece):02x}"
        # each quoting puts one more stroke before it: JSON within JSON
        return rf"(?:\\*{re.escape(piece)}|%(?:25)?{number}|\\+u00{number}|\\+x{number}|&{_ENTITIES.get(piece, '#')};)"
    return "(?:" + "|".join(_beyond_ascii(piece)) + ")"


_ENTITIES = {"&": "amp", "<": "lt", ">": "gt", '"': "(?:quot|#34)", "'": "(?:apos|#39|#x27)"}


def _beyond_ascii(letter: str) -> Iterable[str]:
    yield re.escape(letter)
    # the escapes of a capital letter are others than those of the small one
    for one in {letter, letter.upper()} if len(letter.upper()) == 1 else {letter}:
        yield "".join(f"%(?:25)?{byte:02x}" for byte in one.encode("utf-8", "replace"))
        halves = one.encode("utf-16-be", "replace")
        yield "".join(rf"\\+u{halves[at : at + 2].hex()}" for at in range(0, len(halves), 2))
        yield rf"\\+u{ord(one):08x}"
        if ord(one) < 0x100:
            yield from (rf"\\+x{ord(one):02x}", f"%{ord(one):02x}")
    # what a reader of another writing makes of it
    yield re.escape("\ufffd") + "{1,4}"


def _in_base64(text: str) -> set[str]:
    raw = text.encode("utf-8", "replace")
    if len(raw) < 2 * SHORTEST:
        return set()
    return {base64.b64encode(raw).decode().rstrip("="), base64.urlsafe_b64encode(raw).decode().rstrip("=")}
