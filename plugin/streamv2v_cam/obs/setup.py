"""`streamv2v-cam obs setup`: what OBS needs is added to a scene; what is there already is left alone."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..system.loopback import OBS_LABEL, find_loopback
from .errors import ObsError, RequestRefused
from .hotkeys import INPUT_NAME, KEYS_SETTING
from .picture import STREAM_NAME, is_dead, open_again, stream_settings
from .placing import at_the_foot, caption_settings
from .seen import items_of
from .session import ObsSession

CAMERA_NAME = "StreamV2V camera"
THERE = "there already"
TEXT_KINDS = ("text_gdiplus_v3", "text_gdiplus_v2", "text_gdiplus", "text_ft2_source_v2", "text_ft2_source")


@dataclass(frozen=True)
class CameraKind:
    """How one system's OBS calls a camera.

    Attributes:
        kinds: of the input, newest first.
        key: the setting that names the device.
    """

    kinds: tuple[str, ...]
    key: str


CAMERA_KINDS = {
    "Linux": CameraKind(("v4l2_input",), "device_id"),
    "Windows": CameraKind(("dshow_input",), "video_device_id"),
    "Darwin": CameraKind(("macos-avcapture", "av_capture_input_v2", "av_capture_input"), "device"),
}


class Setup:
    """Adds inputs to one scene; run twice, it changes nothing the second time.

    Args:
        session: with OBS.
        scene: where the inputs go; None is the scene on air.

    Raises:
        ObsError: there is no such scene.
    """

    def __init__(self, session: ObsSession, scene: str | None = None) -> None:
        self._session = session
        names = [item["sceneName"] for item in session.request("GetSceneList")["scenes"]]
        self.scene = scene or str(session.request("GetCurrentProgramScene")["currentProgramSceneName"])
        if self.scene not in names:
            raise ObsError(f"OBS has no scene {self.scene!r}; there are {', '.join(reversed(names))}.")
        self._kinds: Sequence[str] = session.request("GetInputKindList")["inputKinds"]
        self.done: list[str] = []
        """What was added or was there, one line each."""
        self.to_do: list[str] = []
        """What a person still has to do, one line each."""

    def hotkey_input(self, script: str) -> None:
        """The hidden input through which hotkeys travel; `script` is the path of the Lua script."""
        self._add(INPUT_NAME, self._kind(TEXT_KINDS, "text"), {"text": ""}, shown=False)
        hotkeys = self._session.request("GetHotkeyList")["hotkeys"]
        if "streamv2v.next_look" not in hotkeys:
            self.to_do.append(f"In OBS: Tools > Scripts > + and choose {script}")
        told = self._session.request("GetInputSettings", inputName=INPUT_NAME)["inputSettings"]
        if not told.get(KEYS_SETTING):
            self.to_do.append('In OBS: Settings > Hotkeys, give keys to the lines that begin with "StreamV2V:"')

    def prompt_box(self, name: str) -> None:
        """A text source to be typed into: what stands in it is for the person, so it is hidden."""
        self._add(name, self._kind(TEXT_KINDS, "text"), {"text": ""}, shown=False)

    def caption(self, name: str) -> None:
        """A text source that says what is on air: small, at the foot of the frame, wrapped."""
        kind = self._kind(TEXT_KINDS, "text")
        item = self._add(name, kind, {"text": "", **caption_settings(self._session, kind)}, shown=True)
        if item is not None:
            at_the_foot(self._session, self.scene, item)

    def camera(self, device: str | None = None) -> None:
        """Our virtual camera as a source, by the name the system gives it.

        Args:
            device: the value of the device in OBS; None finds it.
        """
        system = platform.system()
        camera = CAMERA_KINDS.get(system, CAMERA_KINDS["Linux"])
        wanted = device or _device_of_linux()
        if wanted is None and system == "Linux":
            if self._holds(STREAM_NAME):
                return
            # nothing is asked of a V4L2 source without a device: listing its devices has crashed OBS 30
            self.to_do.append(
                "This machine has no v4l2loopback node. Load one (docs/virtual-camera.md) and repeat this command, or "
                "use the picture of the page: streamv2v-cam obs setup --picture stream"
            )
            return
        self._add(CAMERA_NAME, self._kind(camera.kinds, "camera"), {camera.key: wanted} if wanted else {}, shown=True)
        held = self._session.request("GetInputSettings", inputName=CAMERA_NAME)["inputSettings"].get(camera.key)
        if wanted is None and not held:
            self._choose_offered(camera.key)
        if system != "Linux":
            self.to_do.append("Do not press Start Virtual Camera in OBS: our picture uses that camera")

    def stream(self, address: str) -> None:
        """The picture of the program's page as a media source, for machines without a virtual camera.

        Args:
            address: of the MJPEG stream; it holds a key, and changes with the token.
        """
        self._add(STREAM_NAME, self._kind(("ffmpeg_source",), "media"), stream_settings(address), shown=True)
        held = self._session.request("GetInputSettings", inputName=STREAM_NAME)["inputSettings"].get("input")
        showing = self._session.request("GetSourceActive", sourceName=STREAM_NAME)["videoShowing"]
        if held != address or (showing and self.done[-1].endswith(THERE) and is_dead(self._session, self.scene)):
            open_again(self._session, address)
            self.done[-1] += ", opened again"

    def _add(self, name: str, kind: str, settings: dict[str, Any], *, shown: bool) -> int | None:
        """Make sure that the scene has the input; the number of its item there, where this has made it."""
        inputs = {item["inputName"]: item for item in self._session.request("GetInputList")["inputs"]}
        if name in inputs and self._holds(name):
            self.done.append(f"{name}: {THERE}")
        elif name in inputs and not shown:
            # one is enough for all scenes, and it lives as long as any scene holds it
            self.done.append(f"{name}: there already, in another scene")
        elif name in inputs:
            self.done.append(f"{name}: taken over from another scene")
            return self._take_over(name)
        else:
            self.done.append(f"{name}: added{'' if shown else ', hidden'}")
            return self._create(name, kind, settings, shown=shown)
        return None

    def _holds(self, name: str) -> bool:
        """Whether the scene shows an input, be it in a group or a scene inside it."""
        return any(item.name == name for item in items_of(self._session, self.scene))

    def _take_over(self, name: str) -> int:
        try:
            answer = self._session.request("CreateSceneItem", sceneName=self.scene, sourceName=name)
        except RequestRefused as refusal:
            # OBS still lists a source that was deleted while something in it holds on to it
            raise ObsError(
                f"OBS knows {name!r} and does not add it to scene {self.scene!r} ({refusal.code}): it was deleted and "
                "is not gone yet. Start OBS again, then repeat the command."
            ) from None
        return int(answer["sceneItemId"])

    def _create(self, name: str, kind: str, settings: dict[str, Any], *, shown: bool) -> int:
        try:
            answer = self._session.request(
                "CreateInput",
                sceneName=self.scene,
                inputName=name,
                inputKind=kind,
                inputSettings=settings,
                sceneItemEnabled=shown,
            )
        except RequestRefused as refusal:
            raise ObsError(f"{name!r} cannot be added to scene {self.scene!r}: {refusal}") from None
        return int(answer["sceneItemId"])

    def _kind(self, wanted: Sequence[str], noun: str) -> str:
        found = next((kind for kind in wanted if kind in self._kinds), None)
        if found is None:
            raise ObsError(f"This OBS has no {noun} source ({', '.join(wanted)}); install the one of obsproject.com.")
        return found

    def _choose_offered(self, key: str) -> None:
        """Let the source show our camera, where OBS itself lists it."""
        try:
            items = self._session.request(
                "GetInputPropertiesListPropertyItems", inputName=CAMERA_NAME, propertyName=key
            )["propertyItems"]
        except RequestRefused:
            items = []
        value = next((item["itemValue"] for item in items if OBS_LABEL in str(item.get("itemName", ""))), None)
        if value is None:
            self.to_do.append(f"Open {CAMERA_NAME!r} in OBS and choose {OBS_LABEL} as its device")
            return
        self._session.request("SetInputSettings", inputName=CAMERA_NAME, inputSettings={key: value}, overlay=True)


def _device_of_linux() -> str | None:
    """Our loopback node, as the program chooses it; None elsewhere and without one."""
    node = find_loopback()
    return node.path if node is not None else None
