"""Given: every word that a person has put into the settings, wherever it came from: file, variable, command line.

The file is read by itself as well, since it may be one that the program refuses.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from .case import Case
from .known import COMMON_WORDS
from .privatefiles import settings_file, texts_of
from .readings import both_forms

WRITTEN = (
    "capture.source",
    "control.looks_file",
    "control.origins",
    "engine.remote",
    "obs.",
    "publish.record_folder",
    "publish.sinks",
    "start.blend",
    "start.look",
    "start.loras",
    "start.negative_prompt",
    "start.prompt",
    "start.reference",
)
"""Settings whose words are the person's own, not the program's or a model's."""
IN_ONE_TEXT = ("engine.loras", "obs.scenes", "obs.sources", "publish.sinks", "start.blend", "start.loras")
"""Lists and tables, which a variable gives as one text."""
_PATH = re.compile(r"(?i)[/~\\]|\.{1,2}[/\\]|[a-z]:[\\/]")
_NUMBER = re.compile(r"[\d\s.,:/xX+-]+")
_LITERAL = re.compile(r"\"\"\"(.*?)\"\"\"|'''(.*?)'''|\"((?:[^\"\\\n]|\\.)*)\"|'([^'\n]*)'", re.DOTALL)
_ASSIGNED = re.compile(r"(?m)^[ \t]*[\w.\"'-]+[ \t]*=[ \t]*([^\n#]*[^\n#\s])")
_VARIABLE = re.compile(r"(?i)STREAMV2V_\w*?__\w+")


def given_texts(case: Case) -> Iterator[tuple[str, str]]:
    """Name and text of all that was given; the name is empty where it is not known."""
    for text in texts_of(case, settings_file(case)):
        try:
            yield from _texts_of(tomllib.loads(text), "")
        except tomllib.TOMLDecodeError:
            for literal in literals(text):
                yield ("capture.source" if "://" in literal else "", literal)
            yield from (("", value) for value in unquoted(text))
    for variable, value in case.machine.environment.items():
        if _VARIABLE.fullmatch(variable):
            name = variable.partition("_")[2].replace("__", ".").lower()
            parts = re.split(r"[,=]", value) if name in IN_ONE_TEXT else ()
            yield from ((name, part) for part in {value, *parts, *literals(value)})
    if case.settings is not None:
        for name, value, origin in case.settings.items():
            if origin != "default":
                yield from _texts_of(value, name)


def own_words(case: Case) -> Iterator[str]:
    """What of it the person wrote in words of their own."""
    for name, value in given_texts(case):
        if _is_own(name, value):
            yield value
            yield from _inside(name, value)


def is_path(value: str) -> bool:
    """Whether a text is the path of something on this machine, by its beginning."""
    return bool(_PATH.match(value))


def literals(text: str) -> Iterator[str]:
    """Everything that stands in quotation marks, as it was written and as it was meant, and its lines."""
    for found in _LITERAL.finditer(text):
        inside = next((part for part in found.groups() if part is not None), "")
        for form in both_forms(inside):
            yield form
            yield from form.splitlines()


def unquoted(text: str) -> Iterator[str]:
    """What stands behind an equals sign: the quotation marks may be what is missing in a file that is refused."""
    yield from _ASSIGNED.findall(text)


def _is_own(name: str, value: str) -> bool:
    from ..settings.tree import FIELDS

    if (
        value.strip().lower() in COMMON_WORDS
        or value.removeprefix("camera:").startswith("/dev/")
        or _NUMBER.fullmatch(value)
    ):
        return False
    if not name or name.startswith(WRITTEN) or is_path(value) or name not in FIELDS:
        return True
    wanted = str(FIELDS[name].annotation)
    # words where a number belongs, or not one of the words there are: whatever slipped in there
    return "str" not in wanted if "Literal" not in wanted else repr(value) not in wanted


def _inside(name: str, value: str) -> Iterator[str]:
    """What of a text stands elsewhere without the rest of it."""
    from ..system.paths import home_path

    yield from value.splitlines()
    if name in ("capture.source", "publish.sinks"):
        value = value.removeprefix("camera:").removesuffix("?loop")
        yield value
    if is_path(value):
        # behind a LoRA its scale, behind a network its kind
        value = re.sub(r"(?<=...):[\w.]+\Z", "", value)
        yield from (value, str(home_path(value)))
    if "://" not in value and (is_path(value) or name in ("capture.source", "publish.sinks")):
        yield re.split(r"[/\\]", value.rstrip("/\\"))[-1]


def _texts_of(value: Any, name: str) -> Iterator[tuple[str, str]]:
    from ..settings.tree import FIELDS

    if isinstance(value, dict):
        for key, inner in value.items():
            if name in FIELDS:
                yield name, str(key)
                yield from _texts_of(inner, name)
            else:
                yield from _texts_of(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts_of(inner, name)
    elif isinstance(value, str):
        yield name, value
