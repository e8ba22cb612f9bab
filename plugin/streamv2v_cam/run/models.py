"""The engine's model while it runs: another is loaded beside the present one, and takes over with its first picture."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Protocol

from streamv2v.config import StreamConfig
from streamv2v.errors import ControlError, StreamV2VError
from streamv2v.models.preflight import size_words

from ..catalogue import Catalogue
from ..catalogue.own import START
from ..control import ModelChoice
from ..engine.following import Following
from ..engine.free_memory import resident_bytes
from ..engine.link import DEFAULT_ENTRY
from ..engine.reserve import EngineWithReserve
from ..engine.spare import SpareEngine
from ..engine.succession import Succession
from ..engine.supervisor import EngineSupervisor
from ..errors import CamError, LookError, ModelRefused
from ..looks import LookSet, Shelf, family_of, load_looks, shipped_looks
from ..settings.another import with_model
from ..store import ControlStore, Snapshot
from .beforehand import NOTHING_LOOKED_AT, Looking, on_processor
from .modelvalues import ModelValues, Reader
from .offers import Offer, offers_of
from .sizing import EngineSizes

if TYPE_CHECKING:
    from ..settings import LoadedSettings

ELSEWHERE = "The engine is on another machine, and draws with the model that its server was started with."

log = logging.getLogger(__name__)


class Supervised(Protocol):
    """The engine, as far as its model is concerned."""

    following: Following
    succession: Succession
    spare: SpareEngine

    @property
    def config(self) -> StreamConfig: ...

    def rebuild(self, config: StreamConfig, *, title: str = "", only_beside: bool = False) -> None: ...


class EngineModels:
    """The models on offer, going over to one, and what follows the engine there.

    Args:
        settings: of the start.
        engine: what runs the engine; None where it is elsewhere, with a model of its own.
        store: the live values.
        shelf: the looks that are shown.
        sizes: the sizes that are offered.
        offers: the catalogue and the person's own list, as they are now.
        looking: see there.
    """

    def __init__(
        self,
        settings: LoadedSettings,
        engine: Supervised | None,
        *,
        store: ControlStore,
        shelf: Shelf,
        sizes: EngineSizes,
        offers: Callable[[], Sequence[Offer]],
        looking: Looking | None = None,
    ) -> None:
        self._start = self._now = settings
        self._engine, self._store, self._shelf, self._sizes = engine, store, shelf, sizes
        self._offers, self._looking = offers, looking or Looking()
        self._known: dict[str, Offer] = {}
        self._values = ModelValues(store, self._title)
        if engine is not None:
            engine.following = self

    @property
    def on_air(self) -> str:
        """As `engine.model`: the model that draws, or will when the engine is there."""
        return self._now.engine.model

    def choices(self) -> list[ModelChoice]:
        """All that may be chosen, with the one on air marked."""
        if self._engine is None:
            return []
        coming = self._coming
        return [
            ModelChoice(
                offer.name,
                offer.title,
                current=offer.model == self.on_air,
                preparing=coming is not None and offer.model == coming.model,
                why=offer.why,
            )
            for offer in self._offered()
        ]

    def status(self) -> dict[str, Any]:
        """on_air, title, preparing, progress, told and rests, for the report."""
        if self._engine is None:
            return {"on_air": "", "title": "", "preparing": "", "progress": "", "told": "", "rests": ELSEWHERE}
        present, coming = self._offer_of(self.on_air), self._coming
        return {
            "on_air": present.name,
            "title": present.title,
            "preparing": self._offer_of(coming.model).name if coming else "",
            "progress": self._engine.succession.progress if coming else "",
            "told": self._engine.succession.kept or self._values.told,
            "rests": "",
        }

    def choose(self, name: str) -> ModelChoice:
        """Have the engine built of that model, beside the one on air; that one's name gives up what is in preparation.

        Raises:
            ControlError: there is no such name.
            ModelRefused: it cannot be used now, or there is no room for both; nothing has changed.
        """
        if self._engine is None:
            raise ModelRefused(f"{ELSEWHERE} Choose another one there.")
        offered = {offer.name: offer for offer in self._offered()}
        if name not in offered:
            raise ControlError("name", name, f"one of {', '.join(offered)}")
        offer = offered[name]
        if offer.model == self.on_air:
            self._engine.succession.forget()
        elif offer.why:
            raise ModelRefused(offer.why)
        else:
            config = self._checked(offer)
            log.info("%r is loading beside %r.", offer.title, self._title(self.on_air))
            self._engine.rebuild(config, title=offer.title, only_beside=True)
        usual = ModelChoice(offer.name, offer.title)
        return next((choice for choice in self.choices() if choice.name == name), usual)

    def values_for(self, config: StreamConfig) -> Snapshot:
        """See `Following`."""
        if config.model == self.on_air:
            return self._store.current
        try:
            return self._values.preview(self._reader(config.model))
        except (CamError, StreamV2VError) as error:
            log.warning("The live values cannot be brought to the other model (%s).", error)
            return self._store.current

    def follow(self, config: StreamConfig) -> None:
        """See `Following`: words, looks, LoRAs and sizes are those of its model from now on."""
        if config.model == self.on_air:
            return
        try:
            self._follow(config)
        except Exception:  # of whatever kind: who asks is who keeps an engine at work
            log.exception("Not everything has followed the engine to its other model.")

    def _follow(self, config: StreamConfig) -> None:
        old = self._now
        try:
            new = self._reader(config.model)
        except (CamError, StreamV2VError) as error:
            log.warning("The looks of the other model cannot be read (%s).", error)
            new = Reader(with_model(self._start, config.model), None, self._shelf.looks)
        self._now = new.settings
        self._shelf.turn_to(shipped_looks(config.model), family_of(config.model))
        self._values.turn_to(new, old)
        self._sizes.turn_to(new.settings)

    @property
    def _coming(self) -> StreamConfig | None:
        """What is in preparation; None where that is of the model on air, in another size."""
        wish = self._engine.succession.preparing if self._engine else None
        return wish.config if wish is not None and wish.config.model != self.on_air else None

    def _checked(self, offer: Offer) -> StreamConfig:
        """What an engine of it is built from, where it can run beside the present one.

        Raises:
            ModelRefused: it cannot.
        """
        assert self._engine is not None
        try:
            config = self._sizes.with_settings(with_model(self._start, offer.model))
            self._looking.check(config)
            needs = self._looking.needs_bytes(config)
        except (CamError, StreamV2VError, OSError) as error:
            raise ModelRefused(f"{offer.title} cannot be used: {error}") from error
        free = self._looking.free_bytes(config.device)
        if free is not None and (spare := self._engine.spare.pid) is not None:
            free += resident_bytes(spare) if on_processor(config.device) else 0  # it ends with the model it is for
        if free is not None and needs > free:
            raise ModelRefused(
                f"{offer.title} needs about {size_words(needs)} beside the present model, which stays on air, and "
                f"{size_words(free)} are free. Choose a smaller size of the engine first, or start the program with it."
            )
        return config

    def _reader(self, model: str) -> Reader:
        settings = with_model(self._start, model)
        try:
            looks = load_looks(model, settings.looks_path, family=family_of(model))
        except LookError as error:  # spoiled while it runs: the words that the model knows hold all the same
            log.warning("%s Those that ship are there.", error)
            looks = LookSet(shipped_looks(model))
        return Reader(settings, self._looking.words(settings), looks)

    def _offered(self) -> list[Offer]:
        """All, read anew; what they are called is remembered."""
        offers = list(self._offers())
        started = self._start.engine.model
        if all(offer.model != started for offer in offers):
            offers.insert(0, Offer(START, PurePath(started.replace("\\", "/")).name or started, started))
        self._known |= {offer.model: offer for offer in offers if offer.model}
        return offers

    def _offer_of(self, model: str) -> Offer:
        if model not in self._known:
            with contextlib.suppress(ModelRefused):  # a list that cannot be read is told to who chooses from it
                self._offered()
        return self._known.get(model) or Offer("", PurePath(model).name, model)

    def _title(self, model: str) -> str:
        return self._offer_of(model).title


def engine_models(
    settings: LoadedSettings,
    engine: EngineSupervisor | EngineWithReserve,
    entry: str,
    *,
    store: ControlStore,
    shelf: Shelf,
    sizes: EngineSizes,
) -> EngineModels:
    """The models of a run.

    Args:
        settings: all of them.
        engine: what runs the engine.
        entry: the function in its process; what stands in for the engine is asked nothing beforehand.
        store, shelf, sizes: the run's.
    """
    here = engine if isinstance(engine, EngineSupervisor) and not settings.engine.remote else None
    catalogue = Catalogue(settings)
    looking = Looking() if entry == DEFAULT_ENTRY else NOTHING_LOOKED_AT
    offers = lambda: offers_of(catalogue)  # noqa: E731
    return EngineModels(settings, here, store=store, shelf=shelf, sizes=sizes, offers=offers, looking=looking)
