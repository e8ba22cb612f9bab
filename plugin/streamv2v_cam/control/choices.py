"""What may be chosen from outside by a name or an id of the program's own lists: sources, sizes, models, engines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class SourceChoice:
    """A source that may be switched to.

    Attributes:
        id: what the API names it by; says nothing about files or devices.
        title: for people.
        current: it is the one that was switched to last.
    """

    id: str
    title: str
    current: bool = False


class Sources(Protocol):
    """The sources that may be chosen from outside: the server's own list, never a path from the network."""

    def choices(self) -> Sequence[SourceChoice]:
        """All there are now; may take a moment."""
        ...

    def switch(self, id: str, /) -> SourceChoice:
        """Go over to one of them.

        Raises:
            SourceError: it is not in the list.
        """
        ...


@dataclass(frozen=True)
class SizeChoice:
    """A size the engine may have.

    Attributes:
        name: small, medium, usual, larger or large; auto follows the rate of the engine.
        width, height: px; of auto, those of the engine on air.
        current: it is the chosen one: the engine on air has that size, or a size by rate.
        told: what came of a choice by rate, for people; "" of the others.
        wanted_fps: pictures a second that a choice by rate aims at; 0 of the others.
    """

    name: str
    width: int
    height: int
    current: bool
    told: str = ""
    wanted_fps: float = 0.0


class Sizes(Protocol):
    """The engine's sizes that may be chosen while it runs."""

    def choices(self) -> Sequence[SizeChoice]:
        """All there are."""
        ...

    def choose(self, name: str, wanted_fps: float | None = None, /) -> SizeChoice:
        """Have the engine built in that size, in the background, or its size chosen by rate.

        Raises:
            ControlError: there is no such size.
        """
        ...


@dataclass(frozen=True)
class ModelChoice:
    """A model the engine may have.

    Attributes:
        name: in the catalogue, or in the person's own list.
        title: for people.
        current: it is on air.
        preparing: it is being loaded beside the one on air.
        why: why it cannot be chosen now, one line; "" where it can.
    """

    name: str
    title: str
    current: bool = False
    preparing: bool = False
    why: str = ""


class Models(Protocol):
    """The engine's models that may be chosen while it runs."""

    def choices(self) -> Sequence[ModelChoice]:
        """All there are; may take a moment."""
        ...

    def choose(self, name: str, /) -> ModelChoice:
        """Have the engine built of that model, in the background; the one on air gives up what is in preparation.

        Raises:
            ControlError: there is no such model.
            ModelRefused: it cannot be used now.
        """
        ...

    def status(self) -> dict[str, Any]:
        """on_air and preparing (names), title, progress, told (what there is to say) and rests (why none)."""
        ...


@dataclass(frozen=True)
class ServerSeen:
    """An engine server; what strangers announce of it is a name and nothing else.

    Attributes:
        name: for people.
        state: "in use", "paired" (and found), "away" (paired and not found) or "new" (found and not paired).
        told: one line.
        command: for a terminal; "" where there is nothing to do.
    """

    name: str
    state: str
    told: str
    command: str = ""


class Servers(Protocol):
    """Engine servers that this machine is paired with, and those that announce themselves."""

    def around(self) -> Sequence[ServerSeen]:
        """All there are now, those in use and paired first; takes some seconds.

        Raises:
            SettingsError: what is known of them cannot be read.
        """
        ...
