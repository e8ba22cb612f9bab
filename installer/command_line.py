"""The command line in its parts: a verb, options of the installer, and after -- what is passed on."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Sequence

from .errors import InstallError

VERBS = ("run", "test", "install", "update", "repair", "remove")
OPTIONS = {
    "install": ("--dry-run", "--yes", "--autostart"),
    "update": ("--dry-run", "--yes", "--autostart"),
    "repair": ("--dry-run", "--yes"),
    "remove": ("--dry-run", "--yes", "--purge"),
}
"""Of the verbs that change the machine; they pass nothing on. Each verb takes --verbose as well."""
HELP = ("-h", "--help")


@dataclass(frozen=True)
class Asked:
    """What the person asked for.

    Attributes:
        verb: one of `VERBS`.
        own: options of the installer.
        passed_on: for the program or for pytest.
        help: whether only the usage is wanted.
    """

    verb: str
    own: Sequence[str] = ()
    passed_on: Sequence[str] = ()
    help: bool = False


def read(arguments: Sequence[str]) -> Asked:
    """Take a command line apart.

    Raises:
        InstallError: a word of it means nothing here; nothing has been done then.
    """
    verb, own, passed_on = arguments[0], list(arguments[1:]), []
    if "--" in own:
        cut = own.index("--")
        own, passed_on = own[:cut], own[cut + 1 :]
    if verb not in VERBS:
        near = get_close_matches(verb.lower(), VERBS, 1)
        hint = f". Is {near[0]} meant?" if near else ". Options come after it." if verb.startswith("-") else ""
        raise InstallError(f"{verb!r} is no verb of the installer; there are: {', '.join(VERBS)}{hint}")
    if any(word in HELP for word in own):
        return Asked(verb, help=True)
    unknown = [word for word in own if word not in _taken(verb)]
    if unknown and verb in OPTIONS:
        raise InstallError(f"{unknown[0]!r} is no option of installer {verb}. {_instead(verb, own)}")
    if unknown:
        raise InstallError(
            f"{unknown[0]!r} is no option of the installer's {verb}{_whose(unknown[0], verb)}; options of the program "
            f"go after --, as in: installer {verb} -- {' '.join(unknown)}"
        )
    if passed_on and verb in OPTIONS:
        raise InstallError(
            f"installer {verb} takes nothing after --, and found {passed_on[0]!r} there. "
            + _instead(verb, [*own, *passed_on])
        )
    return Asked(verb, own, passed_on)


def _taken(verb: str) -> tuple[str, ...]:
    return (*OPTIONS.get(verb, ()), "--verbose")


def _whose(word: str, verb: str) -> str:
    """The verbs that a word is an option of, or the option of this verb that it nearly is."""
    verbs = [other for other, options in OPTIONS.items() if word in options]
    near = get_close_matches(word.lower(), _taken(verb), 1)
    return f" (it is one of {', '.join(verbs)})" if verbs else f" (is {near[0]} meant?)" if near else ""


def _instead(verb: str, words: Sequence[str]) -> str:
    """What to write in place of a line that the verb does not take; only where every word of it is nearly right."""
    near = [get_close_matches(word.lower().partition("=")[0], _taken(verb), 1) for word in words]
    if all(near):
        meant = dict.fromkeys(found[0] for found in near)
        return f"Write: installer {verb} {' '.join(meant)}. Nothing was done."
    return f"It takes {', '.join(_taken(verb))}. Nothing was done."
