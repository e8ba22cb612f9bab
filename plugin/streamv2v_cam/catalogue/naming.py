"""A name of the catalogue in the settings: `engine.model = "sd-turbo"` stands for where that model is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from streamv2v.config import EMBEDDED_MODEL
from streamv2v.models.hub import home_path, is_single_file

from .catalogue import Catalogue

if TYPE_CHECKING:
    from ..settings import LoadedSettings


def with_named_model(settings: LoadedSettings) -> LoadedSettings:
    """The settings, with what the engine takes in the place of a name; a folder of that name goes first, as ever.

    Raises:
        ModelRefused: it is a name of the catalogue, and not all of that model is on this machine.
    """
    model = settings.engine.model
    if model == EMBEDDED_MODEL or "/" in model or is_single_file(model) or home_path(model).exists():
        return settings
    catalogue = Catalogue(settings)
    if all(entry.name != model for entry in catalogue.entries()):
        return settings
    engine = settings.engine.model_copy(update={"model": catalogue.resolve(model)})
    return replace(settings, values=settings.values.model_copy(update={"engine": engine}))
