"""What OBS keeps secret: the password of its WebSocket server, stream keys, and who it logs in as.

Its files are read by their letters: one that OBS reads in spite of a fault must not keep its password from us.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .case import Case
from .privatefiles import obs_files, texts_of
from .readings import both_forms

SECRET_KEYS = re.compile(r"(?i)pass|key\Z|token|secret|user|login|auth|cookie|streamid|phrase")
ADDRESS_KEYS = {"server", "url"}
_IN_JSON = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"\s*:\s*\"((?:[^\"\\\n]|\\.)*)(?:\"|\Z|(?=\n))")
_IN_INI = re.compile(r"(?m)^[ \t]*([\w.-]+)[ \t]*=[ \t]*(.*?)[ \t\r]*$")


def secrets_of_obs(case: Case) -> Iterator[str]:
    """Passwords, keys and names to log in with."""
    for name, value in _pairs(case):
        if SECRET_KEYS.search(name):
            yield from both_forms(value)
            yield from both_forms(value.strip('"'))


def addresses_of_obs(case: Case) -> Iterator[str]:
    """Where it streams to; a user with a password may stand in it."""
    for name, value in _pairs(case):
        if "://" in value or (name.lower() in ADDRESS_KEYS and re.search(r"[.:@]", value)):
            yield from both_forms(value)


def _pairs(case: Case) -> Iterator[tuple[str, str]]:
    for path in obs_files(case):
        kind = _IN_JSON if ".json" in path.name else _IN_INI
        for text in texts_of(case, path):
            yield from kind.findall(text)
