"""What a person's words for a file or an address mean to FFmpeg, and how messages may repeat them."""

from __future__ import annotations

import os
import re
from pathlib import Path

ADDRESS = re.compile(r"^(rtsps?|https?|rtmps?|srt|udp|tcp)://", re.IGNORECASE)
"""What asks the network; nothing else does, whatever it looks like."""
_SERIES = re.compile(r"%0?\d*d")


def is_address(source: str) -> bool:
    """Whether `source` names something on the network: a thing that exists under that name is a file."""
    return bool(ADDRESS.match(source)) and not os.path.exists(source)


def is_series(source: str) -> bool:
    """Whether `source` is the pattern of numbered pictures, such as "frame_%04d.png"."""
    return not os.path.exists(source) and bool(_SERIES.search(os.path.basename(source)))


def number_in(pattern: str) -> re.Pattern[str] | None:
    """What matches the names that a pattern such as "frame_%04d.png" stands for, their number in group 1."""
    found = _SERIES.search(pattern)
    if found is None:
        return None
    digits = int(found[0][1:-1] or 1)
    number = rf"(\d{{{digits},}})" if found[0].startswith("%0") else r"([1-9]\d*|0)"
    return re.compile(re.escape(pattern[: found.start()]) + number + re.escape(pattern[found.end() :]))


def numbered(pattern: str, number: int) -> str:
    """The name of one picture of a pattern such as "frame_%04d.png"."""
    return _SERIES.sub(lambda found: found[0] % number, pattern, count=1)


def for_ffmpeg(source: str | Path) -> str:
    """The name under which FFmpeg opens a file or an address; a colon in a file's name is then no protocol."""
    text = str(source)
    return text if is_address(text) else f"file:{text}"


def without_secrets(address: str) -> str:
    """The address for people: without user, password, query and fragment, whatever characters these hold."""
    scheme, mark, rest = address.partition("://")
    if not mark:
        return address
    # the last @ ends a password, in which people forget to write "/" and "?" as %2F and %3F
    rest = rest.rpartition("@")[2]
    return f"{scheme}://{re.split('[?#;]', rest, maxsplit=1)[0]}"


def in_words(source: str) -> str:
    """A file or address as a message names it."""
    return without_secrets(source) if ADDRESS.match(source) else source
