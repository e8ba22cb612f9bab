"""Redactor: takes out of a text whatever could harm the person whose machine it tells of.

What is known to be secret goes wherever it stands, in the ways it may be written; what only looks like a secret goes
by its shape. It removes too much rather than too little: a bug report can be read without any of it.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

GONE = "(removed)"
SHORTEST = 4
"""Shorter secrets are not looked for by their letters, which would take words apart; their names give them away."""
SHORTEST_NAME = 3
ORDINARY_NAMES = {"root", "user", "admin", "video", "localhost", "debian", "ubuntu", "home", "camera", "python"}
COMMON_WORDS = ORDINARY_NAMES | {
    *("true", "false", "none", "null", "auto", "always", "never", "presenter", "webcam", "video", "own", "whole"),
    *("live", "stream", "http", "https", "rtsp", "file", "off", "streamv2v"),
}
"""The program's own words and what every report is full of: without them nothing in it could be read."""
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

_SECRET_NAME = (
    r"(?!streamv2v_cam)[\w.-]*"
    r"(?:pass(?:word|wd|phrase)?|secret|token|api_?-?key|credential|auth|ticket|stream_?key|private_?key|cookie)[\w.-]*"
)
"""Not a module's name at the beginning of a line of the log."""
_NAMED = re.compile(rf"(?i)(?<![\w.-])([\"']?{_SECRET_NAME}[\"']?\s*[:=]\s*)(\"[^\"\n]*\"|'[^'\n]*'|[^\s,;&}}\]]+)")
_BEARER = re.compile(r"(?i)\b(bearer|basic|digest)\s+[A-Za-z0-9+/=_.~-]{6,}")
_ACCESS = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://)[^\s\"]{0,500}@")
"""To the last @ before a blank: passwords hold slashes, brackets and quotation marks."""
_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20})://((?:\(removed\)|\[[0-9a-f:.]+\]|[^\s'\"<>“”‘’)\]}])+)")
_REFUSED = " was refused"
_ORIGIN = re.compile(r"\((?:file|environment|command line|default)[^\n]{0,400}?\): ")
_SECTION = re.compile(r"\b[\w.]+: ")
"""What was written where something else belongs may be anything."""
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9_/.+-])(?:"
    r"hf_[A-Za-z0-9]{8,}|gh[a-z]_[A-Za-z0-9]{8,}|github_pat_\w{8,}|sk-[A-Za-z0-9_-]{8,}|xox[a-z]-[\w-]{8,}|AKIA[A-Z0-9]{8,}"
    r"|live_\d+_\w{6,}|eyJ[\w-]{8,}\.[\w-]{8,}[\w.-]*"
    r"|[A-Fa-f0-9]{32,}|(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{40,}"
    r")(?![A-Za-z0-9_])"
)
_CODE = re.compile(r"(?<![A-Za-z0-9-])[2-9A-HJ-NP-Za-hj-np-z]{4}(?:-[2-9A-HJ-NP-Za-hj-np-z]{4}){2}(?![A-Za-z0-9-])")
"""By which a machine is paired (engine/remote/pairing.py), wherever it was typed."""
_MAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
_HOME = re.compile(r"(?i)((?:/home/|/Users/|[A-Z]:[\\/]+Users[\\/]+))([^\\/\s'\":]+)")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.+-])")
_IPV6 = re.compile(
    r"(?<![\w:.])(?:(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){1,7}:)(?![\w])",
)
OWN_NETWORKS = [
    ipaddress.ip_network(net)
    for net in (
        *("0.0.0.0/32", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
        *("::/127", "fc00::/7", "fe80::/10", "ff00::/8"),
    )
]
"""Addresses in them lead nowhere from outside."""
_MAC = re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:])")
_QUOTED = re.compile(r"“([^”\n]*)”|\"((?:[^\"\\\n]|\\.)*)\"|(?<!\w)'((?:[^'\\\n]|\\.|(?<=\w)'(?=\w))*)'(?!\w)")
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
        self.secrets = tuple(sorted(_all_ways(secrets), key=len, reverse=True))
        own = (text for text in private if not self._is_open(text))
        self.private = tuple(sorted(_all_ways(own), key=len, reverse=True))
        self._known = {" ".join(words): words for text in (*self.secrets, *self.private) if (words := text.split())}
        self._home = home.rstrip("/\\")
        kept = {name for name in names if len(name) >= SHORTEST_NAME and name.lower() not in ORDINARY_NAMES}
        alternatives = "|".join(re.escape(name) for name in sorted(kept, key=len, reverse=True))
        self._names = re.compile(rf"(?i)(?<![A-Za-z0-9])(?:{alternatives})(?=s?(?![A-Za-z0-9]))") if kept else None

    def text(self, text: str) -> str:
        """The text without them."""
        if _REFUSED in text:
            text = "\n".join(map(_without_refused, text.split("\n")))
        # before anything takes them apart
        text = self._without_known(text)
        text = _URL.sub(_plain_url, _ACCESS.sub(rf"\1{GONE}@", text))
        text = _BEARER.sub(lambda found: f"{found[1]} {GONE}", text)
        text = _NAMED.sub(lambda found: found[1] + GONE, text)
        text = _CODE.sub(GONE, _SHAPES.sub(GONE, text))
        text = _MAIL.sub(GONE, text)
        text = _IPV6.sub(_plain_ip, _IPV4.sub(_plain_ip, text))
        text = _MAC.sub(GONE, text)
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
        flat = " ".join(text.split())
        known = self._known if private else (" ".join(secret.split()) for secret in self.secrets)
        return any(secret in flat for secret in known)

    def _without_known(self, text: str) -> str:
        for secret in (*self.secrets, *self.private):
            text = text.replace(secret, GONE)
        flat = " ".join(text.split())
        for joined, words in self._known.items():
            if len(words) > 1 and joined in flat:
                text = re.sub(r"\s+".join(map(re.escape, words)), GONE, text)
        return text

    def _is_open(self, text: str) -> bool:
        """A name that the machine itself gives to a device, or a part of it, is no one's word."""
        return any(text.strip().lower() in word for word in self._open)

    def _unquoted(self, found: re.Match[str]) -> str:
        inside = next(part for part in found.groups() if part is not None)
        if not inside or inside.lower() in self._open or _SOURCE_FILE.match(inside):
            return found[0]
        return f"{found[0][0]}{len(inside)} letters{found[0][-1]}"


def _all_ways(texts: Iterable[str]) -> set[str]:
    long = {text.strip() for text in texts if len(text.strip()) >= SHORTEST}
    return {way for text in long if text.lower() not in COMMON_WORDS for way in ways_of(text)}


def ways_of(secret: str) -> set[str]:
    """How a secret may be written: as it is, in an address, in JSON, in base64, as Python's repr shows it."""
    quoted = json.dumps(secret)[1:-1]
    raw = secret.encode("utf-8", "replace")
    ways = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), quoted, repr(secret)[1:-1]}
    ways |= {json.dumps(secret, ensure_ascii=False)[1:-1]}
    if len(raw) >= 2 * SHORTEST:
        ways |= {base64.b64encode(raw).decode().rstrip("="), base64.urlsafe_b64encode(raw).decode().rstrip("=")}
    return {way for way in ways if len(way) >= SHORTEST}


def _plain_url(found: re.Match[str]) -> str:
    """Its kind, and of a host that everybody knows also that; the path of a camera's address may be its key."""
    rest = re.split(r"[?#]", found[2], maxsplit=1)[0]
    authority, slash, path = rest.partition("/")
    host = authority.rpartition("@")[2]
    name = re.sub(r":\d+$", "", host).strip("[]").lower()
    if name not in PUBLIC_HOSTS:
        return f"{found[1]}://{GONE}"
    return f"{found[1]}://{host}{slash}{path}" + (f"?{GONE}" if rest != found[2] else "")


def _plain_ip(found: re.Match[str]) -> str:
    try:
        ipaddress.ip_address(found[0])
    except ValueError:
        return found[0]
    return found[0] if leads_nowhere(found[0]) else GONE


def leads_nowhere(host: str) -> bool:
    """Whether a host is a number that leads nowhere from outside."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return any(address in net for net in OWN_NETWORKS)


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
