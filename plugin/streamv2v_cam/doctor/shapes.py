"""Shapes: what looks like a secret, or like an address of a person, without anybody knowing it.

It removes too much rather than too little; ordinary lines of a log stay readable.
"""

from __future__ import annotations

import ipaddress
import re

GONE = "(removed)"
OWN_NETWORKS = [
    ipaddress.ip_network(net)
    for net in (
        *("0.0.0.0/32", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
        *("::/127", "fc00::/7", "fe80::/10", "ff00::/8"),
    )
]
"""Addresses in them lead nowhere from outside."""

_PASS = r"(?:pass(?:word|wd|phrase|code)?|pwd|passwort)"
_KINDS = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api_?-?key|credential|auth|ticket|stream_?key|private_?key|cookie)"
)
_SECRET_NAME = rf"(?!streamv2v_cam)(?:[\w.-]*{_KINDS}[\w.-]*|(?:[\w.-]*[._-])?(?:pin|psk))"
"""Not a module's name at the beginning of a line of the log."""
_TEXT = r"\"[^\"\n]*\"|'[^'\n]*'"
_VALUE = rf"(?:{_TEXT}|[^\s,;&}}\]]+)"
_GOES_ON = r"(?:and|at|by|does|did|for|from|has|in|is|not|of|on|or|sent|to|was|were|with|accepted|refused|wrong)\b"
_PHRASE = rf"(?:{_TEXT}|[^\s,;&}}\]]+(?:[ \t]+(?!{_GOES_ON}|[^\s=:]*[=:])[^\s,;&}}\]]+)*)"
_NO_VALUE = (
    r"(?:a|an|the|in|no|not|of|on|too|to|at|by|yet|wrong|right|correct|incorrect|invalid|valid|unknown|refused|accepted"
    r"|missing|kept|empty|set|unset|needed|required|asked|sent|there|here|given|wanted|gone|read|written|stored|saved"
    r"|longer|shorter|older|expired|removed|ignored|used|unused|checked|made|from|with|that|what|only|still|now|new)\b"
)

_HEADER = re.compile(
    r"(?i)(\b(?:proxy-)?authorization|\b(?:set-)?cookie)([\"']?[ \t]*[:=][ \t]*)(\"[^\"\n]*|'[^'\n]*|[^\s\"'][^\n]*)"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic|digest)\s+[A-Za-z0-9+/=_.~-]{6,}")
_PASSED = re.compile(rf"(?i)(?<![\w.-])(?!streamv2v_cam)([\"']?[\w.-]*{_PASS}[\"']?\s*[:=]\s*){_PHRASE}")
_NAMED = re.compile(rf"(?i)(?<![\w.-])([\"']?{_SECRET_NAME}[\"']?\s*[:=]\s*){_VALUE}")
_KEY = re.compile(rf"(?i)(?<![\w.-])([\"']?key[\"']?(?:=|\s*:\s*(?=[\"']?[\w+/-]*\d)(?=\S{{6}}))){_VALUE}")
_FLAG = re.compile(rf"(?i)(?<![\w-])(--?{_SECRET_NAME}[ \t]+)(?!-){_VALUE}")
_IS = re.compile(rf"(?i)\b((?:{_KINDS}|pin|psk) (?:is|was|are|ist|war)[ \t]+)(?![\"']?{_NO_VALUE}){_VALUE}")
_BEHIND = re.compile(rf"(?i)\b((?:{_PASS}|token|secret)[ \t]+)(?=[\"']?[^\s\d]*\d)(?=\S*[a-z])[^\s,;=:(]{{6,}}(?![=:])")
"""After a blank alone only what has letters and digits: no word of a sentence has."""
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9_/.+-])(?:"
    r"hf_[A-Za-z0-9]{8,}|gh[a-z]_[A-Za-z0-9]{8,}|github_pat_\w{8,}|sk-[A-Za-z0-9_-]{8,}|xox[a-z]-[\w-]{8,}|AKIA[A-Z0-9]{8,}"
    r"|live_\d+_\w{6,}|eyJ[\w-]{8,}\.[\w-]{8,}[\w.-]*"
    r"|AIza[\w-]{16,}|ya29\.[\w-]{8,}|gl[a-z]{2,6}-[\w-]{16,}|npm_\w{16,}|pypi-[\w-]{16,}|SG\.[\w-]{6,}\.[\w-]{6,}"
    r"|[MNO][\w-]{22,27}\.[\w-]{5,7}\.[\w-]{20,}"
    r"|(?=[a-z-]*\d)(?=[\d-]*[a-z])[a-z0-9]{4}(?:-[a-z0-9]{4}){3,4}(?!-)"
    r"|[A-Fa-f0-9]{32,}|(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{40,}"
    r")(?![A-Za-z0-9_])"
)
_WEBHOOK = re.compile(r"(?i)\b(discord(?:app)?\.com/api/webhooks|hooks\.slack\.com/services)/[^\s\"'<>]+")
_UPPER, _LOWER = "[2-9A-HJ-NP-Z]", "[2-9a-hj-np-z]"
_DASHES = "-\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
_FORMATS = "YUYV|UYVY|YVYU|MJPG|JPEG|H264|H265|HEVC|AVC1|NV12|NV21|NV16|YU12|YV12|I420|GREY|RGB3|BGR3"
"""What cameras call their formats, which drivers tell side by side."""
_CODE = re.compile(
    rf"(?<![A-Za-z0-9-])(?:[2-9A-HJ-NP-Za-hj-np-z]{{4}}(?:[ ]?[{_DASHES}][ ]?[2-9A-HJ-NP-Za-hj-np-z]{{4}}){{2}}"
    # without a dash it must not be a word, a number or the name of a commit
    rf"|(?!(?:\w{{4}} )*(?:{_FORMATS})\b)"
    rf"(?=[A-Z ]*\d)(?=[\d \u00a0]*[A-Z]){_UPPER}{{4}}(?:[ \t\u00a0_]{{0,2}}{_UPPER}{{4}}){{2}}"
    rf"|(?=[a-z]*\d)(?=[\da-f]*[g-z]){_LOWER}{{12}}"
    rf"|(?=(?:{_LOWER}{{4}} )*(?=[a-z]*\d)(?=\d*[a-z])\w{{4}} (?:{_LOWER}{{4}} )?(?=[a-z]*\d)(?=\d*[a-z])\w{{4}}\b)"
    rf"{_LOWER}{{4}}(?: {_LOWER}{{4}}){{2}}"
    r")(?![A-Za-z0-9-])"
)
"""By which a machine is paired (engine/remote/pairing.py), wherever and however it was typed."""
_MAIL = re.compile(r"(?i)\b[\w.+-]+(?:@|%(?:25)?40|&#64;)[\w-]+(?:\.[\w-]+)+\b")
_IPV4 = re.compile(r"(?<!\w)(?<!\w\.)(?:\d{1,3}\.){3}\d{1,3}(?![\w+-]|\.\d)")
_IPV6 = re.compile(
    r"(?<![\w.])(?<![0-9A-Fa-f:]:)(?<!^:)(?:(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){1,7}:)(?![\w])",
)
_MAC = re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:])")


def without_named(text: str) -> str:
    """The text without what a name in front of it calls a secret."""
    text = _HEADER.sub(lambda found: f"{found[1]}{found[2]}{GONE}", text)
    text = _BEARER.sub(lambda found: f"{found[1]} {GONE}", text)
    for kind in (_FLAG, _PASSED, _NAMED, _KEY, _IS, _BEHIND):
        text = kind.sub(rf"\1{GONE}", text)
    return text


def without_shapes(text: str) -> str:
    """The text without keys, codes, mail addresses and public addresses of machines."""
    text = _WEBHOOK.sub(rf"\1/{GONE}", text)
    text = _CODE.sub(GONE, _SHAPES.sub(GONE, text))
    text = _MAIL.sub(GONE, text)
    text = _IPV6.sub(_plain_ip, _IPV4.sub(_plain_ip, text))
    return _MAC.sub(GONE, text)


def leads_nowhere(host: str) -> bool:
    """Whether a host is a number that leads nowhere from outside."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return any(address in net for net in OWN_NETWORKS)


def _plain_ip(found: re.Match[str]) -> str:
    try:
        ipaddress.ip_address(found[0])
    except ValueError:
        return found[0]
    return found[0] if leads_nowhere(found[0]) else GONE
