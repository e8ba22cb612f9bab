"""Families of models, and which looks are for which: a look fits models whose words and LoRAs it is written in."""

from __future__ import annotations

import re
from functools import cache
from pathlib import PurePath

from streamv2v.config import EMBEDDED_MODEL
from streamv2v.errors import ModelError
from streamv2v.models.checks import check_model

FAMILIES = ("embedded", "sd15", "sd21", "sdxl")
_BY_WIDTH = {768: "sd15", 1024: "sd21"}
"""Width of the text that a U-Net reads -> family."""


@cache
def family_of(model: str) -> str:
    """One of `FAMILIES`, as files and name of a model tell it; "" where they do not."""
    if model == EMBEDDED_MODEL:
        return "embedded"
    try:
        reads = check_model(model)
    except ModelError:  # said by who loads it
        return ""
    if reads.sdxl or (reads.sdxl is None and re.search(r"sdxl|xl(?![a-z])", PurePath(model).name.lower())):
        return "sdxl"
    return _BY_WIDTH.get(reads.width, "")


def fits(made_for: str, family: str, *, bound: bool) -> bool:
    """Whether a look is one for models of a family.

    Args:
        made_for: the family it was made with; "" for none in particular.
        family: "" where it is not known.
        bound: it has what fits one family alone, such as LoRAs.
    """
    if not made_for or not family or made_for == family:
        return True
    # the embedded model knows words of its own; prompts for the others are about the same for all of them
    return not bound and EMBEDDED_MODEL not in (made_for, family)
