"""LookSet: looks under their numbers. A number stays with its look; what is added takes a free one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

from ..errors import LookError
from .look import Look
from .titles import title_key

NUMBER_LIMIT = 999


class LookSet:
    """The looks of one run, by number; those with the numbers 1 to 9 have these keys.

    Args:
        looks: shipped ones first; each has its place in this list as number, where that is free.
        numbers: name -> number that was given to a look; wins over places. Names of no look are passed over.
    """

    def __init__(self, looks: Iterable[Look], numbers: Mapping[str, int] | None = None) -> None:
        by_name = {look.name: look for look in looks}
        given = numbers or {}
        self._by_number: dict[int, Look] = {}
        waiting: list[tuple[int, Look]] = []
        for place, look in enumerate(by_name.values(), 1):
            number = given.get(look.name)
            if number is not None and number not in self._by_number:
                self._by_number[number] = look
            else:
                waiting.append((place, look))
        pushed = [(place, look) for place, look in waiting if place in self._by_number]
        self._by_number |= {place: look for place, look in waiting if place not in self._by_number}
        for place, look in pushed:
            self._by_number[self._free(place)] = look
        self._by_number = dict(sorted(self._by_number.items()))
        self._numbers = {look.name: number for number, look in self._by_number.items()}

    def __iter__(self) -> Iterator[Look]:
        return iter(self._by_number.values())

    def __len__(self) -> int:
        return len(self._by_number)

    def __contains__(self, name: object) -> bool:
        return name in self._numbers

    @property
    def names(self) -> list[str]:
        """In the order of their numbers."""
        return list(self._numbers)

    @property
    def numbers(self) -> Mapping[str, int]:
        """Name -> number, in the order of the numbers."""
        return self._numbers

    def first(self) -> Look | None:
        """The look of the lowest number."""
        return next(iter(self), None)

    def at(self, number: int) -> Look | None:
        """The look of exactly that number."""
        return self._by_number.get(number)

    def titled(self, title: str) -> Look | None:
        """The look of that title, by whatever case, width or spaces it is written."""
        wanted = title_key(title)
        return next((look for look in self if title_key(look.title) == wanted), None)

    def free_number(self) -> int:
        """What the next look gets: the lowest free number above the first look, which stays the first."""
        return self._free(min(self._by_number, default=0) + 1)

    def get(self, wanted: str | int) -> Look:
        """The look of a name or of a number from 1.

        Raises:
            LookError: there is none; names the nearest.
        """
        name = str(wanted).strip()
        if name in self._numbers:
            return self._by_number[self._numbers[name]]
        # "3" is a number; other scripts' digits, and numbers too long to be one, are not
        if name.isascii() and name.isdecimal() and len(name) <= 9 and (found := self.at(int(name))):
            return found
        folded = {key.casefold(): key for key in self._numbers}
        if name.casefold() in folded:
            return self.get(folded[name.casefold()])
        close = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)
        nearest = (
            f"nearest: {', '.join(folded[key] for key in close)}" if close else f"there are {', '.join(self.names)}"
        )
        raise LookError(f"There is no look {name!r}; {nearest}. `streamv2v-cam looks` lists them all.")

    def _free(self, number: int) -> int:
        while number in self._by_number:
            number += 1
        return number
