"""What settings are made of: the base of their sections, and values a person may write in one text (lists, tables)."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

from ..rates import as_rate


class Section(BaseModel):
    """Base of every section: a name nobody knows is an error, not a silent nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def words_from(value: Any) -> Any:
    """A list from one text: a JSON list, or parts between commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValueError('a list such as ["one", "two"] or one,two') from error
    return [part.strip() for part in value.split(",") if part.strip()]


def spec_from(value: Any) -> Any:
    """A bare number names a camera or a GPU as well as its text does."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def table_from(value: Any) -> Any:
    """A table from one text: a JSON object, or name=look pairs between commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValueError('a table such as {"Game" = "pencil"} or Game=pencil') from error
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    return {name.strip(): look.strip() for name, _, look in pairs}


def scales_from(value: Any) -> Any:
    """A table of names and scales from one text: a JSON object, or name=0.8 pairs between commas."""
    found = table_from(value)
    return {name: float(scale) for name, scale in found.items()} if isinstance(value, str) else found


Words = Annotated[list[Annotated[str, Field(min_length=1)]], NoDecode, BeforeValidator(words_from)]
Origins = Annotated[
    list[Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+$")]], NoDecode, BeforeValidator(words_from)
]
Spec = Annotated[str, BeforeValidator(spec_from), Field(min_length=1)]
Table = Annotated[dict[Annotated[str, Field(min_length=1)], Spec], NoDecode, BeforeValidator(table_from)]
Scales = Annotated[dict[str, float], NoDecode, BeforeValidator(scales_from)]
"""Name -> scale."""
Rate = Annotated[float, BeforeValidator(as_rate)]
"""Pictures a second: a number, a fraction such as "30000/1001", or 29.97 for it."""
