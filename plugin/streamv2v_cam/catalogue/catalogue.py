"""Catalogue: the models that may be chosen by name, what of them is here, and what the engine takes for a name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_data_dir

from streamv2v.config import EMBEDDED_MODEL
from streamv2v.errors import ModelError
from streamv2v.models.checks import check_model
from streamv2v.models.hub import PARTS, cached_folder, is_whole

from ..errors import ModelRefused
from ..system.ownership import remedy
from ..system.paths import home_path
from .alone import alone
from .entries import ENTRIES, Entry, download_bytes
from .own import OwnList, check_name, name_for
from .room import Fit, Room, fit_of, room_of

if TYPE_CHECKING:
    from ..settings import LoadedSettings

INDEX = "model_index.json"
"""With which a folder counts as a model's."""
PART = ".part"
"""Ending of the folder of a model that is being fetched: a half one is under no name that counts."""


@dataclass(frozen=True)
class Facts:
    """What there is to say of a model on this machine.

    Attributes:
        here: all of it is on this machine.
        begun: some of it was fetched, and fetching goes on from there.
        download_bytes: about how much is fetched; 0 for what is never fetched.
        fit: whether it fits.
        accepted: nothing has to be accepted any more before it is fetched.
    """

    entry: Entry
    here: bool
    begun: bool
    download_bytes: int
    fit: Fit
    accepted: bool

    def as_dict(self) -> dict[str, Any]:
        """As the API and `--json` give it: no path of this machine."""
        entry = self.entry
        return {
            "name": entry.name,
            "title": entry.title,
            "good_for": entry.good_for,
            "family": entry.family,
            "speed": entry.speed,
            "licence": asdict(entry.licence) if entry.licence else None,
            "accepted": self.accepted,
            "own": bool(entry.path),
            "here": self.here,
            "begun": self.begun,
            "download_bytes": self.download_bytes,
            "fits": self.fit.fits,
            "memory_bytes": self.fit.needs_bytes,
            "on_this_machine": self.fit.words,
        }


class Catalogue:
    """The models of one person on one machine.

    Args:
        settings: say where models and the list are, and what an engine would be built from.
        room: what models run on here; None asks the machine when it is first needed.
        table: of the models that are offered to everyone.

    Attributes:
        folder: where fetched models are, each in a folder of its name.
        own: the person's own list.
        cache_dir: where the hub's client keeps its files; None is its own folder.
        offline: nothing is asked of the network.
    """

    def __init__(self, settings: LoadedSettings, *, room: Room | None = None, table: Sequence[Entry] = ENTRIES) -> None:
        self._settings, self._room, self._table = settings, room, tuple(table)
        asked = settings.engine.models_folder
        self.folder = home_path(asked) if asked else Path(user_data_dir("streamv2v-cam", appauthor=False)) / "models"
        self.own = OwnList(settings.path.parent / "models.toml")
        self.cache_dir, self.offline = settings.engine.cache_dir, settings.engine.offline

    @cached_property
    def room(self) -> Room:
        """What models run on here."""
        return self._room or room_of(self._settings)

    def entries(self) -> list[Entry]:
        """All models, those of the person's own last."""
        taken = {entry.name for entry in self._table}
        own = [
            Entry(name, name, "Your own.", "own", path=path)
            for name, path in sorted(self.own.paths().items())
            if name not in taken
        ]
        return [*self._table, *own]

    def entry(self, name: str) -> Entry:
        """The model of a name.

        Raises:
            ModelRefused: there is none.
        """
        found = next((entry for entry in self.entries() if entry.name == name), None)
        if found is None:
            names = ", ".join(entry.name for entry in self.entries())
            raise ModelRefused(f"There is no model {name[:60]!r} in the catalogue. Choose one of {names}.")
        return found

    def here(self, name: str) -> bool:
        """Whether all of a model is on this machine.

        Raises:
            ModelRefused: there is none of that name.
        """
        return self._place(self.entry(name)) is not None

    def resolve(self, name: str) -> str:
        """What `engine.model` takes for a name; nothing but the catalogue's names and the person's own is taken.

        Raises:
            ModelRefused: there is none of that name, or it is not on this machine; says what to do.
        """
        entry = self.entry(name)
        place = self._place(entry)
        if place is None:
            what = "was moved or removed" if entry.path else "is not on this machine yet"
            again = f"Take it in again: streamv2v-cam models add PATH --name {name}"
            how = again if entry.path else self.how_to_get(name)
            raise ModelRefused(f"The model {name} {what}. {how}")
        return place

    def offered(self) -> list[Entry]:
        """What is on this machine and fits it."""
        return [facts.entry for facts in map(self.facts, self.entries()) if facts.here and facts.fit.fits]

    def facts(self, entry: Entry) -> Facts:
        """What there is to say of a model; takes milliseconds, and the first time as long as the machine is asked."""
        place = self._place(entry)
        gone = place is None and bool(entry.path)
        fit = (
            Fit(False, 0, "its file is not there any more")
            if gone
            else fit_of(
                entry, place or self.target(entry).name, here=place is not None, room=self.room, settings=self._settings
            )
        )
        size = download_bytes(entry, half=self.half)
        return Facts(entry, place is not None, os.path.isdir(self.half_of(entry)), size, fit, self.accepted(entry))

    @property
    def half(self) -> bool:
        """Whether weights in 16 bits are fetched where there are some: the rule by which the engine loads them."""
        dtype = self._settings.engine.dtype
        return self.room.half if dtype == "auto" else dtype in ("float16", "bfloat16")

    def accepted(self, entry: Entry) -> bool:
        """Whether nothing has to be accepted any more."""
        return entry.licence is None or not entry.licence.ask or self.own.accepted(entry.name, entry.licence.name)

    def check_fetchable(self, entry: Entry) -> None:
        """See that a model may be fetched.

        Raises:
            ModelRefused: it may not; says what to do.
        """
        name = entry.name
        if not entry.repository:
            raise ModelRefused(f"The model {name} is never fetched: it is {'your own' if entry.path else 'included'}.")
        if entry.licence is not None and not self.accepted(entry):
            raise ModelRefused(
                f"The licence of {name} has to be accepted first: {entry.licence.name}, {entry.licence.link}. "
                f"Read it, then: streamv2v-cam models get {name} --accept-licence"
            )
        if self.offline:
            raise ModelRefused(f"The model {name} is not fetched: engine.offline is on.")

    def accept(self, name: str) -> None:
        """Remember that the licence of a model was accepted.

        Raises:
            ModelRefused: there is none of that name, or the list cannot be written.
        """
        entry = self.entry(name)
        if entry.licence is not None and not self.accepted(entry):
            self.own.accept(name, entry.licence.name)

    def add(self, path: Path, name: str = "") -> Entry:
        """Take in a file or folder of the person's own; it stays where it is.

        Args:
            name: what to call it; "" makes one from its own.
        Raises:
            ModelRefused: it is no model that is taken, or the name is another's.
        """
        path = home_path(path).absolute()
        if not os.path.exists(path):
            raise ModelRefused(f"The model {path} was looked for and is not there. Check the path.")
        try:
            check_model(str(path))
        except ModelError as error:
            raise ModelRefused(str(error)) from None
        name = name or name_for(path)
        check_name(name)
        if any(entry.name == name and entry.path != str(path) for entry in self.entries()):
            raise ModelRefused(f"The name {name} is another model's. Choose one with --name.")
        self.own.add(name, path)
        return self.entry(name)

    def remove(self, name: str) -> str:
        """Take a model away: what was fetched is deleted, half or whole; one of the person's own leaves the list only.

        Returns:
            What was done, one sentence.

        Raises:
            ModelRefused: there is nothing of it that this program put there; says whose it is.
        """
        entry = self.entry(name)
        if entry.path:
            self.own.forget(name)
            return f"{name} is out of the list; its files stay where they are."
        if not entry.repository:
            raise ModelRefused(f"The model {name} belongs to the program and stays.")
        target = self.target(entry)
        found = [folder for folder in (target, self.half_of(entry)) if os.path.isdir(folder)]
        if not found:
            if self._place(entry):
                raise ModelRefused(
                    f"The model {name} was fetched by its hub id {entry.repository} and lies in the hub's own folder. "
                    f"Remove it with: hf cache rm model/{entry.repository}"
                )
            raise ModelRefused(f"The model {name} is not on this machine.")
        try:
            with alone(self.folder, name):
                (target / INDEX).unlink(missing_ok=True)  # what is left half of it is under no name that counts
                for folder in found:
                    shutil.rmtree(folder)
        except OSError as error:
            raise ModelRefused(
                f"{error.filename or target} cannot be removed ({error.strerror or error}).{remedy(error)}"
            ) from None
        return f"{name} is removed from {self.folder}."

    def target(self, entry: Entry) -> Path:
        """The folder that a model is fetched into."""
        return self.folder / entry.name

    def half_of(self, entry: Entry) -> Path:
        """The folder that a model lies in until all of it is there."""
        return self.folder / (entry.name + PART)

    @staticmethod
    def how_to_get(name: str) -> str:
        """What to do for a model that is not here."""
        return f"Fetch it with: streamv2v-cam models get {name}"

    def _place(self, entry: Entry) -> str | None:
        """What the engine takes for it; None where not all of it is on this machine."""
        if entry.path:
            return entry.path if os.path.exists(entry.path) else None
        if not entry.repository:
            return EMBEDDED_MODEL
        target = self.target(entry)
        if os.path.isfile(target / INDEX):
            return str(target)
        try:
            kept = cached_folder(entry.repository, self.cache_dir, INDEX)
            return entry.repository if kept is not None and is_whole(kept, PARTS) else None
        except ModelError:
            return None
