"""Redactor: takes out of a text whatever could harm the person whose machine it tells of.

What is known to be secret goes wherever it stands, in the ways it may be written; what only looks like a secret goes
by its shape. It removes too much rather than too little: a bug report can be read without any of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .known import ORDINARY_NAMES, Known
from .shapes import GONE, leads_nowhere, without_named, without_shapes

__all__ = ["GONE", "PUBLIC_HOSTS", "Redactor", "leads_nowhere"]
SHORTEST_NAME = 3
PUBLIC_HOSTS = {
    "127.0.0.1",
    "localhost",
    "::1",
    "huggingface.co",
    "pypi.org",
    "files.pythonhosted.org",
    "download.pytorch.org",
    "www.python.org",
    "www.nvidia.com",
    "obsproject.com",
    "github.com",
}

_ACCESS = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://)[^\s\"]{0,500}@")
"""To the last @ before a blank: passwords hold slashes, brackets and quotation marks."""
_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20})://((?:\(removed\)|\[[0-9a-f:.]+\]|[^\s'\"<>“”‘’)\]}])+)")
_REFUSED = " was refused"
_ORIGIN = re.compile(r"\((?:file|environment|command line|default)[^\n]{0,400}?\): ")
_SECTION = re.compile(r"\b[\w.]+: ")
"""What was written where something else belongs may be anything."""
_HOME = re.compile(r"(?i)((?:/home/|/Users/|[A-Z]:[\\/]+Users[\\/]+))([^\\/\s'\":]+)")
_QUOTED = re.compile(
    # to the last one of its kind before another begins: a prompt may hold the mark that ends it
    r"“([^“\n]*)”|„([^„\n]*)[“”]|‘([^‘\n]*)’|«([^«\n]*)»|»([^»\n]*)«|‹([^‹\n]*)›"
    r"|\"((?:[^\"\\\n]|\\.)*)\"|(?<!\w)'((?:[^'\\\n]|\\.|(?<=\w)'(?=\w))*)'(?!\w)"
)
_LISTED = re.compile(r"(not known|Passed over): [^).\n]*")
"""Words of a prompt that the log gives without quotation marks."""
_BARE = (" is paired now", " offered a wrong code", " is loading beside ")
_BARE_PLACE = re.compile(r"((?:recording|recorded \d+ pictures) to )[^\n]*")
"""Lines of older programs, which named people's machines, models and files without quotation marks."""
_MOUNTED = re.compile(r"(/(?:mnt|media|run/media|Volumes)/)[^\s'\":]+")
_SOURCE_FILE = re.compile(r"[\w~():/\\. +-]*\.py\Z|<[\w. ]+>\Z")


class Redactor:
    """Removes secrets from texts.

    Args:
        secrets: gone wherever they stand.
        private: what a person wrote, prompts and names: gone too, unless this is empty because they want it to stay.
        names: of the person and the machine.
        home: folder of the person, written "~".
        open_words: what quoted words may stay where a person's are taken out: names of devices and models.
    """

    def __init__(
        self,
        *,
        secrets: Iterable[str] = (),
        private: Iterable[str] = (),
        names: Iterable[str] = (),
        home: str = "",
        open_words: Iterable[str] = (),
    ) -> None:
        self._open = {word.lower() for word in open_words}
        secret = tuple(secrets)
        self._secrets = Known(secret)
        self._known = Known([*secret, *(text for text in private if not self._is_open(text))])
        self._home = home.rstrip("/\\")
        kept = {name for name in names if len(name) >= SHORTEST_NAME and name.lower() not in ORDINARY_NAMES}
        alternatives = "|".join(re.escape(name) for name in sorted(kept, key=len, reverse=True))
        self._names = re.compile(rf"(?i)(?<![A-Za-z0-9])(?:{alternatives})(?=s?(?![A-Za-z0-9]))") if kept else None

    def text(self, text: str) -> str:
        """The text without them."""
        if _REFUSED in text:
            text = "\n".join(map(_without_refused, text.split("\n")))
        # before anything takes them apart
        text = self._known.without(text, GONE)
        text = _URL.sub(_plain_url, _ACCESS.sub(rf"\1{GONE}@", text))
        text = without_shapes(without_named(text))
        if len(self._home) > 1:
            text = text.replace(self._home, "~").replace(self._home.replace("\\", "\\\\"), "~")
        text = _HOME.sub(lambda found: found[1] + "(user)", _MOUNTED.sub(rf"\1{GONE}", text))
        return self._names.sub("(name)", text) if self._names else text

    def log(self, text: str, *, with_quotes: bool) -> str:
        """A log without them.

        Args:
            with_quotes: what stands in quotation marks stays: prompts, looks, scenes; else it is counted.
        """
        if not with_quotes:
            # first: a password may hold the mark at which a quotation begins
            text = self._known.without(text, GONE)
            text = _LISTED.sub(rf"\1: {GONE}", _QUOTED.sub(self._unquoted, text))
            text = _BARE_PLACE.sub(rf"\1{GONE}", "\n".join(map(_without_bare, text.split("\n"))))
        return self.text(text)

    def clean(self, value: Any) -> Any:
        """A tree of plain values whose texts are without them, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.clean(inner) for key, inner in value.items()}
        return [self.clean(inner) for inner in value] if isinstance(value, (list, tuple)) else value

    def leaks(self, text: str, *, private: bool = True) -> bool:
        """Whether something known to be secret stands in the text, over the end of a line as well.

        Args:
            text: what has been cleaned.
            private: what a person wrote counts too.
        """
        return (self._known if private else self._secrets).stands_in(text)

    def _is_open(self, text: str) -> bool:
        """A name that the machine itself gives to a device, or a part of it, is no one's word."""
        return any(text.strip().lower() in word for word in self._open)

    def _unquoted(self, found: re.Match[str]) -> str:
        inside = next(part for part in found.groups() if part is not None)
        if not inside or inside.lower() in self._open or _SOURCE_FILE.match(inside):
            return found[0]
        return f"{found[0][0]}{len(inside)} letters{found[0][-1]}"


def _plain_url(found: re.Match[str]) -> str:
    """Its kind, and of a host that everybody knows also that; the path of a camera's address may be its key."""
    rest = re.split(r"[?#]", found[2], maxsplit=1)[0]
    authority, slash, path = rest.partition("/")
    host = authority.rpartition("@")[2]
    name = re.sub(r":\d+$", "", host).strip("[]").lower()
    if name not in PUBLIC_HOSTS:
        return f"{found[1]}://{GONE}"
    return f"{found[1]}://{host}{slash}{path}" + (f"?{GONE}" if rest != found[2] else "")


def _without_bare(line: str) -> str:
    told = next((words for words in _BARE if words in line), None)
    return line if told is None else f"{line.partition(': ')[0]}: {GONE}{told.rstrip()}"


def _without_refused(line: str) -> str:
    end = line.rfind(_REFUSED)
    if end < 0:
        return line
    named = _SECTION if line.startswith(f"{_REFUSED}; it is a section", end) else _ORIGIN
    found = named.search(line, 0, end)
    return f"{line[: found.end()]}{GONE}{line[end:]}" if found else line
