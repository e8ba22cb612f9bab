"""The control panel of a run: what the dock and the API can see and reach of it, composed."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

import numpy as np

from streamv2v.config import EMBEDDED_MODEL

from ..airstate import AirState
from ..capture import CameraInfo, CaptureThread, SourceOpener, list_cameras
from ..catalogue import Catalogue, Downloads
from ..control import ControlServer, Desk, Recording, Report, Rests, Sizes, SourceChoice, Thumbnails
from ..engine.portraits import Portraits
from ..errors import SourceError
from ..frame import Frame, Pixels
from ..interfaces import Source
from ..looks import Shelf, sample_of
from ..mailbox import Mailbox
from ..media.names import in_words
from ..publish import PreviewSink
from ..settings import DEFAULT_PORT, LoadedSettings
from ..settings.model import CaptureSettings
from ..store import ControlStore
from ..system.accesstoken import AccessToken
from ..system.opencv import cv2
from ..telemetry import Telemetry
from .checkup import Checkup
from .history import History
from .models import EngineModels
from .servers import EngineServers
from .welcome import Welcome

THUMBNAIL_WIDTH = 192
WITHOUT_A_PICTURE = (AirState.STARTING, AirState.ENGINE_RESTARTING, AirState.RESTING)
AT_THE_START, PRESENTER = "start", "presenter"


class Panel:
    """Control server, thumbnails and the sources on offer.

    Args:
        settings: all of them.
        store, shelf, recorder, telemetry, capture: the run's.
        raw: where captured frames are.
        preview: the picture on air; None leaves both pictures out.
        opener: what opens the source that the run was started with.
        report: says what is on air and why.
        draws: whether the person's picture in every look is drawn beside the run; with the embedded model alone, which
            is small enough to be there twice.
        sizes, models: the engine's sizes and models that may be chosen.
        on_demand: lets camera and engine rest while nobody watches.
        history: keeps the last minutes, for as long as the panel runs.
    """

    def __init__(
        self,
        settings: LoadedSettings,
        *,
        store: ControlStore,
        shelf: Shelf,
        recorder: Recording,
        telemetry: Telemetry,
        capture: CaptureThread,
        raw: Mailbox[Frame],
        preview: PreviewSink | None,
        opener: Callable[[], Source],
        report: Callable[[], Report],
        draws: bool = False,
        sizes: Sizes | None = None,
        models: EngineModels,
        on_demand: Rests | None = None,
        history: History | None = None,
    ) -> None:
        control = settings.control
        self.sizes, self._history, self._shelf = sizes, history, shelf
        self._thumbnails = Thumbnails(
            store,
            is_live=lambda: report().state == AirState.LIVE and store.current.controls.region == "whole",
            picture=lambda: preview.small_jpeg(THUMBNAIL_WIDTH) if preview else None,
            look_delay_s=lambda: max((now := telemetry.snapshot()).look_p95_ms, now.latency_p95_ms) / 1000,
            model=lambda: models.on_air,
        )
        self._source_picture = RawPicture(raw) if preview else None
        sources = CameraSources(settings.capture, capture, opener)
        self._downloads = Downloads(Catalogue(settings), in_use=lambda: (models.on_air, models.status()["preparing"]))
        desk = Desk(
            store,
            shelf,
            lambda: telemetry.snapshot().as_dict(),
            report,
            preview=preview,
            source_preview=self._source_picture,
            recorder=recorder,
            sizes=sizes,
            models=models,
            on_demand=on_demand,
            sources=sources,
            frame=lambda: raw.latest.pixels if raw.latest is not None else None,
            thumbnails=self._thumbnails,
            thumbnails_version=lambda: self._thumbnails.version,
            picture_version=self._thumbnails.version_of,
            history=history,
            doctor=Checkup(settings, lambda: self.server.port),
            servers=EngineServers(lambda: report().facts),
            welcome=Welcome(
                settings, identity=identity, switch=sources.switch, on_air=lambda: camera_on_air(capture, raw)
            ),
            catalogue=self._downloads,
        )
        self._portraits: Portraits | None = None
        if draws and preview is not None and settings.engine.model == EMBEDDED_MODEL:
            self._portraits = self._portraits_of(settings, raw, report, models)
        self.server = ControlServer(
            desk,
            token=AccessToken(settings.token_path, or_else=True),
            host=control.host,
            port=control.port,
            search=control.port == DEFAULT_PORT and settings.origin("control.port") == "default",
            lan=control.lan,
            lan_picture=control.lan_picture,
            origins=control.origins,
        )

    def _portraits_of(
        self, settings: LoadedSettings, raw: Mailbox[Frame], report: Callable[[], Report], models: EngineModels
    ) -> Portraits:
        """They are drawn with the model of the start, and rest while another one is on air."""

        def its_model() -> bool:
            return models.on_air == EMBEDDED_MODEL

        return Portraits(
            settings.stream_config(),
            raw,
            missing=lambda: [look for look in self._shelf.looks if look.name not in self._thumbnails],
            put=self._thumbnails.put,
            may=lambda: its_model() and (now := report()).state == AirState.LIVE and not now.progress,
            goes_on=lambda: its_model() and report().state not in WITHOUT_A_PICTURE,
        )

    @property
    def source_watched(self) -> bool:
        """Whether a page shows the camera's own picture."""
        return self._source_picture is not None and self._source_picture.watched

    def picture_of(self, look: str) -> Pixels | None:
        """A picture in the look of that name, RGB uint8 `[H, W, 3]`; None where there is no such look."""
        if look not in self._shelf.looks:
            return None
        found = self._shelf.looks.get(look)
        jpeg = self._thumbnails.get(look) or sample_of(found)
        return cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)

    def start(self, say: Callable[[str], None]) -> None:
        """Serve, and say where.

        Raises:
            SettingsError: the port is taken, or the access token cannot be used.
        """
        self.server.start()
        self._thumbnails.start()
        if self._history is not None:
            self._history.start()
        if self._portraits is not None:
            self._portraits.start()
        say(f"page: {self.server.dock_address}")
        for address in self.server.lan_dock_addresses:
            say(f"page on your network: {address}")
        if self.server.lan_dock_addresses:
            say("WARNING: control.lan is on. Whoever has this address can change what is on air; nothing is encrypted.")

    def stop(self) -> None:
        """Safe to call twice, or before `start`."""
        self.server.stop()
        self._downloads.close()
        self._thumbnails.stop()
        if self._history is not None:
            self._history.stop()
        if self._portraits is not None:
            self._portraits.stop()


class RawPicture:
    """The camera's picture before it is styled, for a page; encoded only while somebody watches."""

    def __init__(self, raw: Mailbox[Frame]) -> None:
        self._raw = raw
        self._sink = PreviewSink()

    def wait_newer(self, last_sequence: int, timeout_s: float) -> tuple[int, bytes] | None:
        """Sequence number and JPEG of a picture newer than `last_sequence`; None when none came in time."""
        frame = self._raw.latest
        if frame is not None:
            self._sink.send(frame.pixels)
        newer = self._sink.wait_newer(last_sequence, min(timeout_s, 0.03))
        # after a rest, what was last seen before it is not shown
        return newer if frame is not None else None

    @property
    def watched(self) -> bool:
        """Whether a page follows it."""
        return self._sink.watched


class CameraSources:
    """What may be switched to: the source of the start, the cameras there are, the drawn presenter.

    Each has a short id made from what it is; paths and addresses never come from outside.

    Args:
        settings: size and rate asked of a camera.
        capture: reads the source.
        opener: opens the source of the start.
    """

    def __init__(self, settings: CaptureSettings, capture: CaptureThread, opener: Callable[[], Source]) -> None:
        self._settings, self._capture, self._opener = settings, capture, opener
        self._lock = threading.Lock()
        self._current = AT_THE_START

    def choices(self) -> list[SourceChoice]:
        """All there are now."""
        started = self._settings.source
        titles = {AT_THE_START: "As at the start" + ("" if started == "auto" else f": {_title(started)}")}
        titles |= {identity(camera): camera.name for camera in list_cameras()}
        titles |= {PRESENTER: "Drawn presenter"}
        return [SourceChoice(id, title, id == self._current) for id, title in titles.items()]

    def switch(self, id: str) -> SourceChoice:
        """Go over to one of them; the last picture stays until the new source gives its first.

        Raises:
            SourceError: it is not in the list (any more).
        """
        with self._lock:
            open_source = self._opener_of(id)
            self._capture.switch(open_source)
            self._current = id
        return next((choice for choice in self.choices() if choice.id == id), SourceChoice(id, id, True))

    def _opener_of(self, id: str) -> Callable[[], Source]:
        asked = self._settings
        if id == AT_THE_START:
            return self._opener
        if id == PRESENTER:
            return SourceOpener("presenter", width=asked.width, height=asked.height, fps=asked.fps)
        for camera in list_cameras():
            if identity(camera) == id:
                return SourceOpener("camera", width=asked.width, height=asked.height, fps=asked.fps, known=camera)
        raise SourceError("There is no such source (any more); the list of cameras says which there are.")


def camera_on_air(capture: CaptureThread, raw: Mailbox[Frame]) -> tuple[str, Pixels] | None:
    """The id of the camera that is read, and its newest picture; None where it is none."""
    frame, camera = raw.latest, capture.camera
    return (identity(camera), frame.pixels) if camera is not None and frame is not None else None


def identity(camera: CameraInfo) -> str:
    """The id of a camera: the same for the same device at the same place."""
    told = f"{camera.name}|{camera.vid}|{camera.pid}|{camera.bus or camera.path}"
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:12]


def _title(spec: str) -> str:
    """A source in words: of an address the host or the clip's name, of a file its name without folders."""
    return in_words(spec).replace("\\", "/").rstrip("/").rpartition("/")[2] or "a file or address"
