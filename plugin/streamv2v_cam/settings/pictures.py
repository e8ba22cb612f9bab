"""The reference pictures of a run: those of its looks, and the one that it starts with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from streamv2v.controls import Controls
from streamv2v.errors import ControlError

from ..errors import PictureRefused, SettingsError
from ..references import ReferenceShelf
from ..system.paths import home_path
from .loading import LoadedSettings


def pictures_of(settings: LoadedSettings) -> ReferenceShelf:
    """Where the reference pictures of the looks are, and those that are brought in."""
    shelf = settings.shelf()

    def named() -> Iterator[str]:
        for look in shelf.every:
            values = Controls().patched(look.values)
            yield from filter(None, (values.reference, *(name for name, _ in values.reference_blend)))

    return ReferenceShelf(settings.looks_path.parent, named)


def with_reference(settings: LoadedSettings, controls: Controls, pictures: ReferenceShelf) -> Controls:
    """The same with the picture that `start.reference` names, and all pictures looked at.

    Raises:
        SettingsError: a picture that is not there or cannot be read.
    """
    try:
        if (path := _path_at_start(settings)) is not None:
            controls = controls.patched({"reference": pictures.add_file(path).name})
        pictures.given(controls)
    except (PictureRefused, ControlError) as error:
        raise SettingsError(str(error)) from error
    return controls


def _path_at_start(settings: LoadedSettings) -> Path | None:
    """The file that `start.reference` names; in the settings file it is relative to that file."""
    asked = getattr(settings.start, "reference", None)
    if not asked:
        return None
    beside = settings.path.parent if settings.origin("start.reference").startswith("file") else Path()
    return beside / home_path(asked)
