"""Settings in words: what a field allows, and a value as a person writes it."""

from __future__ import annotations

import json
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo


def allowed_words(field: FieldInfo) -> str:
    """What a setting allows: "1 to 8, a whole number", "one of none, full, self, initialize"."""
    kind = _without_none(field.annotation)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(str(choice) for choice in get_args(kind))
    if kind is bool:
        return "true or false"
    if kind in (int, float):
        return _number_words(field, whole=kind is int)
    if get_origin(kind) is list:
        item = get_args(kind)[0]
        if _constraint(FieldInfo.from_annotation(item), "pattern") and field.description:
            return field.description
        if _without_none(item) is not str:
            return 'a list of pairs of text and weight, such as [["a charcoal drawing", 0.5]]'
        return 'a list of texts such as ["one", "two"]'
    if get_origin(kind) is dict and get_args(kind)[1] is float:
        return "a table of names and scales such as { pastel = 0.8 }"
    if get_origin(kind) is dict:
        return 'a table of names and looks such as { Game = "pencil", Talk = "oil" }'
    pattern = _constraint(field, "pattern")
    if pattern and field.description:
        return field.description
    return "text that is not empty" if _constraint(field, "min_length") else "text"


def value_words(value: Any) -> str:
    """A value as it stands in the file; "" for one that is not set."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(value_words(item) for item in value) + "]"
    if isinstance(value, dict):
        pairs = ", ".join(f"{value_words(key)} = {value_words(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


def _number_words(field: FieldInfo, *, whole: bool) -> str:
    low, above = _constraint(field, "ge"), _constraint(field, "gt")
    high, step = _constraint(field, "le"), _constraint(field, "multiple_of")
    words = f"{low} to {high}" if low is not None else f"above {above}, at most {high}" if above is not None else ""
    if step:
        return f"a multiple of {step} from {words}"
    noun = "a whole number" if whole else "a number"
    return f"{noun} from {words}" if low is not None else f"{noun} {words}".strip()


def _constraint(field: FieldInfo, name: str) -> Any:
    found = [value for part in field.metadata if (value := getattr(part, name, None)) is not None]
    return found[0] if found else None


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        return _without_none(next(part for part in get_args(annotation) if part is not type(None)))
    if get_origin(annotation) is Annotated:
        return _without_none(get_args(annotation)[0])
    return annotation
