"""Pictures a second as people write them: a number, a fraction, or one of television's rates in short."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

LOWEST, HIGHEST = Fraction(1, 1000), 1000
_LARGEST = 1e9
"""Of a fraction's two numbers."""
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
    exact = Fraction(value)
    near = exact.limit_denominator(1001)
    # a film of pictures an hour apart has a rate as well
    return near if near or not exact else Fraction(1, round(1 / exact))


def parsed_rate(text: str) -> Fraction:
    """A rate from "30", "29.97" or "30000/1001".

    Raises:
        ValueError: no such number, or one that is not from 0.001 to 1000.
    """
    try:
        above, slash, below = text.strip().partition("/")
        if "/" in below:
            raise ValueError(text)
        value = _number(above) / _number(below) if slash else _number(above)
    except ZeroDivisionError:
        raise ValueError(text) from None
    if not LOWEST <= value <= HIGHEST:
        raise ValueError(text)
    return rate_of(value)


def _number(text: str) -> Fraction:
    # a fraction of "1e999999999" would have a thousand million digits; as a float it is infinite at once
    if not 1 / _LARGEST <= abs(float(text)) <= _LARGEST:
        raise ValueError(text)
    return Fraction(text.strip())


def as_rate(value: Any) -> Any:
    """A setting's value as the exact number it stands for; what is no rate as it is, for others to refuse."""
    try:
        rate = parsed_rate(value) if isinstance(value, str) else rate_of(value)
    except (ValueError, TypeError, OverflowError):
        return value
    return float(rate)
