"""Dotted names (`engine.bank.kind`) over the nested sections."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .model import ENVIRONMENT_DELIMITER, ENVIRONMENT_PREFIX, Settings


def fields_by_name(model: type[BaseModel] = Settings, prefix: str = "") -> dict[str, FieldInfo]:
    """Dotted name -> field of every setting, in the order of declaration."""
    found: dict[str, FieldInfo] = {}
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= fields_by_name(inner, f"{prefix}{name}.")
        else:
            found[prefix + name] = field
    return found


FIELDS = fields_by_name()
SECTIONS = tuple(dict.fromkeys(name.rpartition(".")[0] for name in FIELDS))


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted name -> value; what is no section stays whole."""
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        dotted = prefix + str(name)
        if isinstance(value, Mapping) and dotted in SECTIONS_AND_PARENTS:
            flat |= flatten(value, dotted + ".")
        else:
            flat[dotted] = value
    return flat


def nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse of `flatten`."""
    tree: dict[str, Any] = {}
    for dotted, value in flat.items():
        *sections, name = dotted.split(".")
        place = tree
        for section in sections:
            place = place.setdefault(section, {})
        place[name] = value
    return tree


def values_by_name(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted name and value of every setting in a built tree."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from values_by_name(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def variable(dotted: str) -> str:
    """The environment variable of a setting: engine.slots -> STREAMV2V_ENGINE__SLOTS."""
    return ENVIRONMENT_PREFIX + dotted.replace(".", ENVIRONMENT_DELIMITER).upper()


def no_setting(name: str) -> str:
    """What an environment variable may have meant that looks like a setting's and is none; "" for any other."""
    given = name.upper()
    if not given.startswith(ENVIRONMENT_PREFIX) or given in (known := {variable(dotted) for dotted in FIELDS}):
        return ""
    body = given.removeprefix(ENVIRONMENT_PREFIX)
    if ENVIRONMENT_DELIMITER in body:
        return nearest(body.replace(ENVIRONMENT_DELIMITER, ".").lower())
    meant = next((whole for whole in sorted(known) if whole.replace(ENVIRONMENT_DELIMITER, "_") == given), "")
    return f"did you mean {meant}?" if meant else ""


def nearest(dotted: str) -> str:
    """What a wrong name may have meant, in words that end a sentence."""
    last = dotted.rpartition(".")[2]
    same_tail = [name for name in FIELDS if name.rpartition(".")[2] == last]
    head = dotted.rpartition(".")[0] or dotted
    sections = [] if same_tail or head in SECTIONS else difflib.get_close_matches(head, SECTIONS, n=1, cutoff=0.7)
    if sections:
        return f"did you mean the section [{sections[0]}]?"
    close = same_tail or difflib.get_close_matches(dotted, FIELDS, n=1, cutoff=0.5)
    if not close:
        by_tail = {name.rpartition(".")[2]: name for name in FIELDS}
        close = [by_tail[tail] for tail in difflib.get_close_matches(last, by_tail, n=1, cutoff=0.6)]
    return f"did you mean {close[0]}?" if close else "`streamv2v-cam config show` lists the settings there are."


SECTIONS_AND_PARENTS = frozenset(SECTIONS) | {section.partition(".")[0] for section in SECTIONS}
