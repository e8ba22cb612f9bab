"""An engine in reserve draws in words that its own model knows; the one elsewhere keeps those that were asked for."""

from __future__ import annotations

from streamv2v_cam.engine.link import DEFAULT_ENTRY
from streamv2v_cam.engine.reserve import EngineWithReserve
from streamv2v_cam.engine.supervisor import EngineSupervisor
from streamv2v_cam.frame import Frame
from streamv2v_cam.mailbox import Mailbox
from streamv2v_cam.run.elsewhere import REMOTE_ENTRY
from streamv2v_cam.run.engines import engine_of, vocabulary_here
from streamv2v_cam.run.reservewords import KnownWords
from streamv2v_cam.settings import LoadedSettings, load_settings
from streamv2v_cam.store import ControlStore
from streamv2v_cam.telemetry import Telemetry


def words_of(settings: LoadedSettings, prompt: str) -> tuple[ControlStore, KnownWords]:
    store = ControlStore()
    store.apply({"prompt": prompt})
    return store, KnownWords(store, settings, vocabulary_here(settings))


def test_known_words_are_drawn_as_they_are() -> None:
    store, known = words_of(load_settings({}, None), "an oil painting of a person")
    assert known.current is store.current and known.told == ""


def test_unknown_words_are_replaced_by_the_last_known_ones_and_it_is_said() -> None:
    store, known = words_of(load_settings({}, None), "an oil painting of a person")
    assert known.current.controls.prompt == "an oil painting of a person"
    now = store.apply({"prompt": "xyzzy plugh", "strength": 0.6})
    given = known.current
    assert given.controls.prompt == "an oil painting of a person"
    assert given.controls.strength == 0.6 and given.revision == now.revision, "the other values are the newest"
    assert "“xyzzy plugh”" in known.told and "“an oil painting of a person”" in known.told
    store.apply({"prompt": "a charcoal drawing"})
    assert known.current.controls.prompt == "a charcoal drawing" and known.told == ""


def test_where_no_words_were_known_yet_the_first_known_look_is_drawn() -> None:
    _, known = words_of(load_settings({}, None), "xyzzy plugh")
    assert known.current.controls.prompt != "xyzzy plugh"
    assert vocabulary_here(load_settings({}, None)).judge(known.current.controls.prompt).names_a_look  # type: ignore[union-attr]


def engine(entry: str = REMOTE_ENTRY, **settings: object) -> object:
    return engine_of(
        load_settings({f"engine.{name}": value for name, value in settings.items()}, None),
        entry,
        store=ControlStore(),
        raw=Mailbox[Frame](),
        styled=Mailbox[Frame](),
        telemetry=Telemetry(),
    )


def test_a_reserve_is_kept_where_it_was_asked_for_beside_an_engine_elsewhere() -> None:
    assert isinstance(engine(remote="gpu-pc"), EngineSupervisor)
    assert isinstance(engine(DEFAULT_ENTRY, remote_fallback=True), EngineSupervisor)
    both = engine(remote="gpu-pc", remote_fallback=True)
    assert isinstance(both, EngineWithReserve)
    assert both.config.model == "wss://gpu-pc:8770?pictures=auto"
    assert both._reserve.config.model == "embedded"
