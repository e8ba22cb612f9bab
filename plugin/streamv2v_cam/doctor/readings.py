"""Readings: what the bytes of a text may mean, where nobody knows how they were written.

Each program writes a file in its own way: PowerShell's `>` in UTF-16, an old editor in its country's code page.
Whoever looks for private words in it gathers from every reading: wrong ones find nothing, the right one is among them.
"""

from __future__ import annotations

import codecs
import locale
import re
from collections.abc import Iterator

MARKS = (
    # the longer ones first: UTF-16's is the beginning of UTF-32's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
NARROW = ("cp1252", "latin-1", "cp850", "cp1250")
"""Of the West and the middle of Europe; that of this machine comes before them."""
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|[ \t]*\r?\n\s*|(.))", re.DOTALL)
_LETTERS = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


def readings(data: bytes) -> tuple[str, ...]:
    """Every text that the bytes may be, the likeliest first, each without the mark at its beginning."""
    told = dict.fromkeys(_decoded(data))
    return tuple(text.removeprefix("\ufeff").strip("\0 \r\n\t") for text in told)


def is_text(reading: str) -> bool:
    """Whether somebody may have written that: no control characters in it."""
    return _NO_TEXT.search(reading) is None


def unescaped(text: str) -> str:
    """What stands between quotation marks, as a program reads it: of JSON, of TOML, of OBS's own files."""
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_meant, text)
    # JSON writes a letter beyond U+FFFF as two halves
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def both_forms(text: str) -> Iterator[str]:
    """As it was written, and as it was meant."""
    yield text
    if (plain := unescaped(text)) != text:
        yield plain


def _meant(found: re.Match[str]) -> str:
    number = found[1] or found[2] or found[3]
    if number:
        return chr(int(number, 16)) if int(number, 16) < 0x110000 else found[0]
    return _LETTERS.get(found[4], found[4]) if found[4] else ""


def _decoded(data: bytes) -> Iterator[str]:
    kind = next((kind for mark, kind in MARKS if data.startswith(mark)), None)
    if kind is not None:
        yield data.decode(kind, "replace")
        if kind != "utf-8":
            return
    if b"\0" in data.strip(b"\0"):
        for wide in WIDE:
            yield data.decode(wide, "replace")
    try:
        yield data.decode("utf-8")
        return
    except UnicodeDecodeError:
        # it may be UTF-8 with one spoilt letter, so that reading stays one of them
        yield data.decode("utf-8", "replace")
    for narrow in (locale.getencoding(), *NARROW):
        try:
            yield data.decode(narrow, "replace")
        except LookupError:
            continue
