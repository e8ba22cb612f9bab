"""Pictures a second as people write them: a number, a fraction, or one of television's rates in short."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

HIGHEST = 1000
_NEAR = 0.006
"""29.97 stands for 30000/1001 and 23.976 for 24000/1001; written shorter than this nobody writes them."""


def rate_of(value: float | Fraction) -> Fraction:
    """The exact rate that a number stands for.

    Args:
        value: pictures a second, above 0.
    """
    whole = round(float(value) * 1001 / 1000)
    television = Fraction(whole * 1000, 1001)
    if whole and value != whole and abs(float(value) - float(television)) < _NEAR:
        return television
    return Fraction(value).limit_denominator(1001)


def parsed_rate(text: str) -> Fraction:
    """A rate from "30", "29.97" or "30000/1001".

    Raises:
        ValueError: no such number, or one that is not above 0 and at most 1000.
    """
    try:
        above, slash, below = text.strip().partition("/")
        if "/" in below:
            raise ValueError(text)
        value = Fraction(above.strip()) / Fraction(below.strip()) if slash else Fraction(text.strip())
    except ZeroDivisionError:
        raise ValueError(text) from None
    if not 0 < value <= HIGHEST:
        raise ValueError(text)
    return rate_of(value)


def as_rate(value: Any) -> Any:
    """A setting's value as the exact number it stands for; what is no rate as it is, for others to refuse."""
    try:
        rate = parsed_rate(value) if isinstance(value, str) else rate_of(value)
    except (ValueError, TypeError, OverflowError):
        return value
    return float(rate)
