"""The engine of a run: one here, one elsewhere, or one elsewhere with one here in reserve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamv2v.config import StreamConfig
from streamv2v.models.vocabulary import Vocabulary, vocabulary_of

from ..engine.asked import check_asked
from ..engine.heartbeat import Patience
from ..engine.link import DEFAULT_ENTRY
from ..engine.reserve import EngineWithReserve
from ..engine.supervisor import EngineSupervisor
from ..frame import Frame
from ..mailbox import Mailbox
from ..store import LiveValues
from ..telemetry import Telemetry
from .elsewhere import REMOTE_ENTRY
from .reservewords import KnownWords
from .sizing import config_here, starting_config

if TYPE_CHECKING:
    from ..settings import LoadedSettings


def vocabulary_here(settings: LoadedSettings) -> Vocabulary | None:
    """The words that this machine's model knows; None where it takes any.

    Raises:
        ModelError: the model can be seen to be wrong before it is loaded.
    """
    check_asked(settings.stream_config())
    return vocabulary_of(settings.engine.model, loras=settings.engine.loras)


def engine_of(
    settings: LoadedSettings,
    entry: str,
    *,
    store: LiveValues,
    raw: Mailbox[Frame],
    styled: Mailbox[Frame],
    telemetry: Telemetry,
    entry_here: str = DEFAULT_ENTRY,
) -> EngineSupervisor | EngineWithReserve:
    """The engine that the settings ask for, not started yet.

    Args:
        settings: all of them.
        entry: function that runs in the engine process.
        store: the live values.
        raw: captured frames, which it takes.
        styled: gets the styled ones.
        telemetry: told of them.
        entry_here: function that runs in the process of an engine in reserve.

    Raises:
        SettingsError, ModelError: something of it cannot be used, as can be seen before it starts.
    """
    engine = settings.engine

    def supervised(
        config: StreamConfig,
        entry: str,
        live: LiveValues,
        raw: Mailbox[Frame],
        styled: Mailbox[Frame],
        telemetry: Telemetry,
        *,
        spare: bool = False,
    ) -> EngineSupervisor:
        return EngineSupervisor(
            config,
            store=live,
            raw=raw,
            styled=styled,
            telemetry=telemetry,
            entry=entry,
            patience=Patience(engine.load_timeout_s, engine.hang_timeout_s),
            threads=engine.threads or 0,
            fit=engine.memory == "fit",
            spare=spare,
        )

    config = starting_config(settings)
    if entry != REMOTE_ENTRY or not engine.remote_fallback:
        spare = engine.spare and entry == DEFAULT_ENTRY
        return supervised(config, entry, store, raw, styled, telemetry, spare=spare)
    known = KnownWords(store, settings, vocabulary_here(settings))
    return EngineWithReserve(
        lambda *ways: supervised(config, entry, store, *ways),
        lambda *ways: supervised(config_here(settings), entry_here, known, *ways),
        raw=raw,
        styled=styled,
        telemetry=telemetry,
        remark=lambda: known.told,
    )
