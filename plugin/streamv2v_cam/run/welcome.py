"""Welcome: three questions at the first run, and the settings file that the answers make; no file, no answers yet."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from streamv2v.config import EMBEDDED_MODEL

from ..capture import CameraInfo, SourceOpener, list_cameras
from ..capture.cameras import Present, find_camera
from ..doctor.graphics import nvidia_card
from ..doctor.machine import Machine
from ..doctor.obs import obs_folder
from ..errors import CamError, SettingsError, SourceError
from ..frame import Pixels
from ..system.opencv import cv2
from ..system.shrinking import shrunk
from ..system.textfile import write_text

if TYPE_CHECKING:
    from ..settings import LoadedSettings

log = logging.getLogger(__name__)

PRESENTER = "presenter"
LARGE_MODEL = "stabilityai/sd-turbo"
ROOM_MIB = 6000
"""Of a card's memory, from which on the larger model runs beside a desktop and OBS."""
THUMBNAIL = (192, 108)
TRIES = 30
"""Pictures of a camera that are waited for: the first ones after opening are often dark."""


class Welcome:
    """What is asked, and what the answers do.

    Args:
        settings: of the run.
        identity: the id of a camera, as the list of sources gives it.
        switch: goes over to a source by its id.
        on_air: gives the newest picture of the camera on air, RGB `[H, W, 3]`, and the camera's id; None without one.
        machine: gives the facts; None is this one.
    """

    def __init__(
        self,
        settings: LoadedSettings,
        *,
        identity: Callable[[CameraInfo], str],
        switch: Callable[[str], Any],
        on_air: Callable[[], tuple[str, Pixels] | None],
        machine: Machine | None = None,
    ) -> None:
        self._settings, self._identity, self._switch, self._on_air = settings, identity, switch, on_air
        self._machine = machine or Machine()
        self._answered = False
        self._lock = threading.Lock()
        self._thumbnails: dict[str, bytes] = {}

    @property
    def wanted(self) -> bool:
        """Whether to ask: there is no settings file, and nobody has answered or passed over it."""
        return not self._answered and not self._settings.path.exists()

    def questions(self) -> dict[str, Any]:
        """wanted, cameras (id, title, picture), models (id, title, words) and whether OBS was found."""
        if not self.wanted:
            return {"wanted": False, "cameras": [], "models": [], "obs": False}
        return {
            "wanted": True,
            "cameras": [
                *({"id": self._identity(camera), "title": camera.name, "picture": True} for camera in list_cameras()),
                {"id": PRESENTER, "title": "Drawn presenter", "picture": False},
            ],
            "models": models_for(self._machine),
            "obs": obs_folder_of(self._machine),
        }

    def thumbnail(self, id: str) -> bytes | None:
        """A small JPEG of what a camera sees; None where it gives no picture. Opens it, unless it is on air."""
        if not self.wanted:
            return None
        with self._lock:
            on_air = self._on_air()
            if on_air is not None and on_air[0] == id:
                return jpeg_of(on_air[1])
            if id not in self._thumbnails:
                camera = next((camera for camera in list_cameras() if self._identity(camera) == id), None)
                picture = first_picture(camera) if camera is not None else None
                if picture is None:
                    return None
                self._thumbnails[id] = jpeg_of(picture)
            return self._thumbnails[id]

    def answer(self, *, camera: str | None = None, model: str | None = None, obs: bool | None = None) -> list[str]:
        """Keep the answers in a new settings file, and do what can be done at once; None is no answer.

        Returns:
            What comes of it, a sentence each.

        Raises:
            SettingsError: an answer that was not on offer, or a file that cannot be written; nothing was kept.
        """
        chosen, told = chosen_settings(self._settings, camera, model, obs, self._machine, identity=self._identity)
        keep(self._settings, chosen)
        self._answered = True
        if camera is not None:
            try:
                self._switch(camera)
            except SourceError as error:
                told.append(str(error))
        return told


def models_for(machine: Machine) -> list[dict[str, str]]:
    """The models that this machine carries, the usual one first."""
    found = [
        {
            "id": EMBEDDED_MODEL,
            "title": "The one that is included",
            "words": "Small and quick, on a processor too. Paints in its own looks.",
        }
    ]
    card = nvidia_card_of(machine)
    if card is not None and card >= ROOM_MIB:
        found.append(
            {
                "id": LARGE_MODEL,
                "title": "Stable Diffusion Turbo",
                "words": "Any look you can describe, on your graphics card. Fetched once at the next start, some GB. "
                "By choosing it you accept its licence: stability.ai/license.",
            }
        )
    return found


def nvidia_card_of(machine: Machine) -> int | None:
    """Memory of the NVIDIA card, MiB; None without one."""
    from ..doctor.case import Case

    card = nvidia_card(Case(machine))
    return card.total_mib if card is not None else None


def obs_folder_of(machine: Machine) -> bool:
    """Whether this person has started OBS before."""
    from ..doctor.case import Case

    return obs_folder(Case(machine)) is not None


def chosen_settings(
    settings: LoadedSettings,
    camera: str | None,
    model: str | None,
    obs: bool | None,
    machine: Machine,
    *,
    identity: Callable[[CameraInfo], str],
) -> tuple[dict[str, str], list[str]]:
    """The settings that the answers mean, and what there is to say of them.

    Raises:
        SettingsError: an answer that was not on offer.
    """
    chosen: dict[str, str] = {}
    told: list[str] = []
    if camera is not None:
        chosen["capture.source"] = _source(camera, list_cameras(), identity)
    if model is not None and model not in [offer["id"] for offer in models_for(machine)]:
        raise SettingsError(f"The model {model!r} is not on offer for this machine.")
    if model is not None and model != EMBEDDED_MODEL:
        chosen["engine.model"] = model
        if settings.engine.model != model:
            told.append("The model is taken at the next start of the program, which fetches it first.")
    if obs:
        chosen["obs.with_run"] = "true"
        told.append(
            "OBS: give the program its password once, with streamv2v-cam obs password; docs/obs.md has the rest."
        )
    return chosen, told


def keep(settings: LoadedSettings, chosen: dict[str, str]) -> None:
    """Write the settings file, once and whole: every setting commented out, the chosen ones set.

    Raises:
        SettingsError: whatever went wrong, such as a file that is there by now; no settings file was made then.
    """
    from ..settings.file import write_commented_file, write_setting

    path = settings.path
    # in the same folder, since the looks and other files are looked for beside the settings
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    try:
        write_commented_file(draft, force=True)
        for name, value in chosen.items():
            write_setting(draft, name, value)
        if path.exists():
            raise SettingsError(f"There is a settings file at {path} by now; it was left as it is.")
        write_text(path, draft.read_text("utf-8"))
    except CamError as refusal:
        raise SettingsError(str(refusal).replace(str(draft), str(path))) from refusal
    except Exception as fault:
        log.exception("the answers could not be kept")
        raise SettingsError(
            f"The answers cannot be kept in {path} ({type(fault).__name__}: {fault}). Answer again, or write that file "
            "with streamv2v-cam config."
        ) from fault
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _source(id: str, cameras: Sequence[CameraInfo], identity: Callable[[CameraInfo], str]) -> str:
    """How the settings name a camera: by its name, which holds where its number does not.

    By its path where the name does not lead back to this one: two are alike, a name is a number or cannot be printed.
    """
    if id == PRESENTER:
        return PRESENTER
    camera = next((camera for camera in cameras if identity(camera) == id), None)
    if camera is None:
        raise SettingsError("That camera is not plugged in any more.")
    if _leads_back(camera, cameras) or not camera.path:
        return f"camera:{camera.name}"
    # elsewhere than below /dev a path would be taken for a file's
    return camera.path if camera.path.startswith("/dev/") else f"camera:{camera.path}"


def _leads_back(camera: CameraInfo, cameras: Sequence[CameraInfo]) -> bool:
    """Whether the name means this camera and no other."""
    name = camera.name.strip()
    if not name.isprintable() or name.isdecimal() or [other.name for other in cameras].count(camera.name) > 1:
        return False
    try:
        return find_camera(name, Present(list(cameras), [], [])) == camera
    except SourceError:
        return False


def first_picture(camera: CameraInfo) -> Pixels | None:
    """A picture of a camera that is opened for it, RGB `[H, W, 3]`; None where none comes."""
    try:
        source = SourceOpener("camera", width=640, height=360, fps=30.0, known=camera)()
    except SourceError as error:
        log.info("no thumbnail: %s", error)
        return None
    picture = None
    try:
        for _ in range(TRIES):
            picture = source.read()
            if picture is None or float(picture.mean()) > 12:
                break
    except SourceError:
        pass
    finally:
        source.close()
    return picture


def jpeg_of(picture: Pixels) -> bytes:
    """A small JPEG of a picture, RGB `[H, W, 3]`, in its own shape."""
    height, width = picture.shape[:2]
    share = min(1.0, THUMBNAIL[0] / width, THUMBNAIL[1] / height)
    small = shrunk(picture, max(1, round(width * share)), max(1, round(height * share)))
    return cv2.imencode(".jpg", small[..., ::-1])[1].tobytes()
