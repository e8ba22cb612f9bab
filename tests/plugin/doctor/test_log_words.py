"""What a person named stands in quotation marks in the log: by these the bundle finds it and takes it out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import streamv2v_cam

CODE = Path(streamv2v_cam.__file__).parent
LEVELS = ("debug", "info", "warning", "error", "exception")
OF_A_PERSON = {"name", "path", "title", "host", "file", "folder", "look", "scene", "source", "prompt"}
OURS = {"downloads.py: name", "packets.py: name", "animated.py: name", "feed.py: name", "reader.py: name"}
"""Names of the program's own catalogue, and of clips and sinks that hold their quotation marks already."""


def calls_of_the_log(code: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(code.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in ("log", "_log")
            and node.func.attr in LEVELS
        ):
            yield node


def unquoted(call: ast.Call) -> Iterator[str]:
    """What a call writes with %s, by the last part of its name."""
    if not (call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)):
        return
    kinds = [part[:1] for part in call.args[0].value.replace("%%", "").replace("%.0f", "%f").split("%")[1:]]
    for kind, argument in zip(kinds, call.args[1:], strict=False):
        last = argument.attr if isinstance(argument, ast.Attribute) else getattr(argument, "id", "")
        if kind == "s" and last.lstrip("_") in OF_A_PERSON:
            yield last.lstrip("_")


def test_words_of_a_person_are_logged_in_quotation_marks() -> None:
    bare = {
        f"{code.name}: {word}"
        for code in CODE.rglob("*.py")
        for call in calls_of_the_log(code)
        for word in unquoted(call)
    }
    assert bare <= OURS, "write them with %r"
