"""One line for the first run: what a graphics card of this machine would carry, and how to get it."""

from __future__ import annotations

from .catalogue import Catalogue

NAMED = ("sd-turbo", "sdxl-turbo")
"""What the line speaks of, the lighter one first."""


def card_words(catalogue: Catalogue) -> str:
    """What the card would carry beside the model that is included; "" without a card, or where nothing of it fits."""
    room = catalogue.room
    if room.device != "cuda":
        return ""
    carried = [facts.entry for facts in map(catalogue.facts, map(catalogue.entry, NAMED)) if facts.fit.fits]
    if not carried:
        return ""
    titles, largest = " and ".join(entry.title for entry in carried), carried[-1].name
    return (
        f"{room.words[:1].upper()}{room.words[1:]} carries {titles}, for any look you can describe: "
        f"streamv2v-cam models get {largest}, then streamv2v-cam run --model {largest}."
    )
