"""pip settings of this machine: those of index, proxy and certificates count, those that lead elsewhere do not."""

from __future__ import annotations

import ast
import os
from typing import Iterable, Mapping

ASTRAY = (
    "abi",
    "dry-run",
    "ignore-requires-python",
    "implementation",
    "no-binary",
    "no-deps",
    "only-binary",
    "platform",
    "prefix",
    "python",
    "python-version",
    "require-hashes",
    "root",
    "target",
    "user",
)
"""Options that change where something is installed, or whether, or for which Python."""


def settings_in(lines: Iterable[str]) -> dict[str, str]:
    """What `pip config list` printed, as option -> value; of files alone, the narrower section last."""
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}}
    for line in lines:
        name, _, value = line.partition("=")
        section, _, option = name.partition(".")
        if section in found and value:
            try:
                found[section][option] = str(ast.literal_eval(value))
            except (SyntaxError, ValueError):
                continue
    return {**found["global"], **found["install"]}


def harmless(environment: Mapping[str, str], files: Mapping[str, str]) -> dict[str, str]:
    """The environment for pip, without settings that lead astray.

    Where a file has such a one, the files are left out and what else they say is given in the environment, since an
    option of a file cannot be taken back.
    """
    kept = {name: value for name, value in environment.items() if name not in _VARIABLES}
    if any(option in files for option in ASTRAY):
        more = {_variable(option): value for option, value in files.items() if option not in ASTRAY}
        kept = {**more, **kept, "PIP_CONFIG_FILE": os.devnull}
    return kept


def _variable(option: str) -> str:
    return "PIP_" + option.replace("-", "_").upper()


_VARIABLES = {_variable(option) for option in ASTRAY}
