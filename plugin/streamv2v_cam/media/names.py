"""What a person's words for a file or an address mean to FFmpeg, and how messages may repeat them."""

from __future__ import annotations

import os
import re
from pathlib import Path

ADDRESS = re.compile(r"^(rtsps?|https?|rtmps?|srt|udp|tcp)://", re.IGNORECASE)
"""What asks the network; nothing else does, whatever it looks like."""
# a kind of address that is not read, or one that is mistyped; two letters at least, since a drive of Windows has one
_NEARLY_ADDRESS = re.compile(
    r"^(?!camera:)(?:(?:rtsps?|https?|rtmps?|srt|udp|tcp):|[a-z][a-z0-9+.-]+[:;][\\/])", re.IGNORECASE
)
_ACCESS = re.compile(r"^(?!camera:)[^\s/\\@]*:[^@]*@\S")
_KEY_BEHIND = re.compile(r"[?&][\w.%-]+=")
_QUERY_OF_A_HOST = re.compile(r"[\w.-]+(:\d+)?(/[^?#@]*)?[?#]")
_CLIP = re.compile(
    r"[\w .()+%-]{1,80}\.(mp4|mkv|mov|webm|avi|m4v|mpe?g|wmv|flv|gif|y4m|png|apng|jpe?g|webp|bmp)", re.IGNORECASE
)
_LIKE_A_KEY = re.compile(r"[A-Za-z0-9]{20,}|[A-Fa-f0-9-]{32,}")
_SERIES = re.compile(r"%0?\d*d")


def is_address(source: str) -> bool:
    """Whether `source` names something on the network: a thing that exists under that name is a file."""
    return bool(ADDRESS.match(source)) and not os.path.exists(source)


def is_nearly_address(source: str) -> bool:
    """Whether `source` is no address that is read, and was most likely meant as one: it may hold a password."""
    known = ADDRESS.match(source) or os.path.exists(source)
    return not known and any(form.search(source) for form in (_NEARLY_ADDRESS, _ACCESS, _KEY_BEHIND))


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
    if not is_address(text):
        return f"file:{text}"
    scheme, _, rest = text.partition("://")
    # FFmpeg knows its protocols in small letters alone
    return f"{scheme.lower()}://{rest}"


def without_secrets(address: str) -> str:
    """The address for people: kind and host, and the name of a clip that is fetched; what may be a key stays out.

    User, password, query and fragment go, whatever characters they hold. Folders go too, and all of a live stream's
    path: cheap cameras have the password in it, stream servers the key.
    """
    scheme, mark, rest = address.partition("://")
    if not mark:
        return address
    # the last @ ends a password, in which people forget to write "/" and "?" as %2F and %3F
    access, at, place = rest.rpartition("@")
    if at and _QUERY_OF_A_HOST.match(access):
        # this one may as well stand in the query, and what follows it be the end of a key
        return f"{scheme}://…"
    host, _, path = re.split("[?#;]", place, maxsplit=1)[0].partition("/")
    folder, _, name = path.rpartition("/")
    if not scheme.lower().startswith("http") or not _CLIP.fullmatch(name) or _LIKE_A_KEY.search(name):
        return f"{scheme}://{host}"
    return f"{scheme}://{host}/{'…/' if folder else ''}{name}"


def in_words(source: str) -> str:
    """A file or address as a message names it."""
    if ADDRESS.match(source):
        return without_secrets(source)
    if not is_nearly_address(source):
        return source
    mistyped = _NEARLY_ADDRESS.match(source)
    return f"{mistyped[0].rstrip('/')}…" if mistyped else "…"
