"""The models that a run may go over to, by name: the catalogue's and those of the person's own list."""

from __future__ import annotations

from dataclasses import dataclass

from ..catalogue import Catalogue
from ..errors import ModelRefused


@dataclass(frozen=True)
class Offer:
    """A model that may be chosen by its name.

    Attributes:
        name: what people and the API call it by.
        title: for people.
        model: as `engine.model`; never told to the network.
        why: why it cannot be chosen now, one line; "" where it can.
    """

    name: str
    title: str
    model: str
    why: str = ""


def offers_of(catalogue: Catalogue) -> list[Offer]:
    """The catalogue's models, and those of the person's own; what is not on this machine says how to get it."""
    offers = []
    for entry in catalogue.entries():
        try:
            offers.append(Offer(entry.name, entry.title, catalogue.resolve(entry.name)))
        except ModelRefused as error:
            offers.append(Offer(entry.name, entry.title, "", str(error)))
    return offers
