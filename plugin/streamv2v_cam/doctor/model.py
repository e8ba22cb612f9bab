"""The model: whether all of it is on this machine."""

from __future__ import annotations

from collections.abc import Iterator

from streamv2v.config import EMBEDDED_MODEL
from streamv2v.errors import ModelError

from ..errors import ModelRefused
from .case import Case
from .finding import Finding, error, fine, note


def check(case: Case) -> Iterator[Finding]:
    """The model of the settings, its LoRAs and its VAE."""
    from streamv2v.models.hub import is_cached

    from ..catalogue import with_named_model
    from ..engine.asked import check_asked

    if case.settings is None:
        return
    back = case.with_config(f"streamv2v-cam config set engine.model {EMBEDDED_MODEL}")
    engine = case.settings.engine
    try:
        settings = with_named_model(case.settings)
        engine = settings.engine
        check_asked(settings.stream_config())
    except (ModelError, ModelRefused) as refusal:
        yield error(
            "model.unusable",
            str(refusal),
            "The engine cannot start: the program ends with this line.",
            "Do what it says; the model that is included needs no file."
            if engine.model != EMBEDDED_MODEL
            else "Install the program again.",
            back if engine.model != EMBEDDED_MODEL else case.installer("repair"),
        )
        return
    if engine.model == EMBEDDED_MODEL:
        yield fine("model.fine", "The model that is included is all there.")
        return
    if _is_hub_id(engine.model) and not is_cached(engine.model, engine.cache_dir):
        kind = error if engine.offline else note
        yield kind(
            "model.not-fetched",
            f"The model {engine.model} is not on this machine yet.",
            "The engine cannot start, since engine.offline is on."
            if engine.offline
            else "The first start fetches it, some GB, with the slate on air meanwhile.",
            "Let the program fetch it now." if engine.offline else "Start once before you go live.",
            "streamv2v-cam run --online --sink null --for 10",
        )
        return
    yield fine("model.fine", f"The model {engine.model} is on this machine.")


def _is_hub_id(model: str) -> bool:
    from streamv2v.models.hub import HUB_ID, home_path, is_single_file

    return not is_single_file(model) and not home_path(model).exists() and HUB_ID.match(model) is not None
