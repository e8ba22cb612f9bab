"""Reference pictures by name: those of looks, from the folder of their file, and those brought in while it runs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from streamv2v.controls import Controls
from streamv2v.errors import ControlError

from ..errors import PictureRefused
from ..frame import Pixels
from .decoding import FILE_LIMIT_BYTES, decoded, square

FRAME = "frame-"
"""How the name of a picture from the camera begins, also of its file."""
PICTURE = "picture-"
FOLDER = "references"
"""Beside the file of looks: pictures that were saved with a look."""
KEPT = 24
"""Pictures kept in memory; the one that was used longest ago goes first, and none that the look on air follows."""
Given = tuple[str, bytes]
"""Name and RGB bytes of a picture."""


@dataclass(frozen=True)
class Reference:
    """A picture on offer.

    Attributes:
        name: what `Controls.reference` calls it by.
        title: for people.
        origin: "yours" for one brought in, "camera", or "look".
    """

    name: str
    title: str
    origin: str


class ReferenceShelf:
    """The reference pictures of a program.

    Args:
        folder: of the looks' file; None has no pictures of looks.
        named: names of pictures that looks follow now. Only these are ever looked for in `folder`, so that no name that
            comes over the network opens a file.
    """

    def __init__(self, folder: Path | None = None, named: Callable[[], Iterable[str]] = tuple) -> None:
        self._folder, self._named = folder, named
        self._lock = threading.RLock()
        self._held: OrderedDict[str, tuple[str, Pixels]] = OrderedDict()
        self._on_air: frozenset[str] = frozenset()
        self._files: dict[str, tuple[tuple[int, int], Pixels | str]] = {}
        """Of a file its state on disk, and the picture in it or why there is none: both hold until it changes."""

    def add(self, raw: bytes, title: str = "") -> Reference:
        """Take in a picture file.

        Raises:
            PictureRefused: it is none; one line.
        """
        title = " ".join("".join(sign for sign in title if sign.isprintable()).split())[:60]
        pixels = decoded(raw, title or "The picture")
        return self._keep(PICTURE, pixels, title or "A picture")

    def add_frame(self, pixels: Pixels) -> Reference:
        """Take in a frame of the camera, RGB uint8 `[H, W, 3]`."""
        return self._keep(FRAME, square(pixels), "A frame of yours")

    def add_file(self, path: Path) -> Reference:
        """Take in a file that the person has named on this machine.

        Raises:
            PictureRefused: it cannot be read, or is no picture.
        """
        return self.add(_read(path), path.name)

    def choices(self) -> list[Reference]:
        """All that can be chosen, those brought in last first."""
        with self._lock:
            held = [Reference(name, title, _origin(name)) for name, (title, _) in reversed(self._held.items())]
        known = {one.name for one in held}
        files = [name for name in dict.fromkeys(self._named()) if name not in known]
        return held + [Reference(name, PurePosixPath(name).name, "look") for name in files]

    def hold(self, controls: Controls) -> None:
        """Keep the pictures that these name: they are on air."""
        self._on_air = frozenset(_named(controls))

    def given(self, controls: Controls, before: Iterable[Given] = ()) -> tuple[Given, ...]:
        """The pictures that `controls` name, for the engine.

        Args:
            before: pictures that are on air, which go on although their file or their look was taken away.
        Raises:
            ControlError: one is not there.
        """
        known = dict(before)
        return tuple((name, self._raw(name, known.get(name))) for name in _named(controls))

    def _raw(self, name: str, before: bytes | None) -> bytes:
        try:
            return self.pixels(name).tobytes()
        except ControlError:
            if before is None:
                raise
            return before

    def pixels(self, name: str) -> Pixels:
        """A picture by its name.

        Raises:
            ControlError: there is none.
        """
        with self._lock:
            if name in self._held:
                self._held.move_to_end(name)
                return self._held[name][1]
        if name not in set(self._named()):
            raise ControlError("reference", name, "a picture that was brought in, or one of a look")
        try:
            return self._of_look(name)
        except PictureRefused as error:
            raise ControlError("reference", name, f"a picture beside the looks ({error})") from None

    @contextlib.contextmanager
    def saving(self, controls: Controls) -> Iterator[Controls]:
        """The same with pictures that are in memory alone written beside the looks, and named as they lie there.

        Where what is done with them fails, they are taken away again: a look that was not kept leaves no picture.

        Raises:
            PictureRefused: they cannot be written.
        """
        new: list[Path] = []
        try:
            blend = tuple((self._saved(name, new), weight) for name, weight in controls.reference_blend)
            yield controls.patched({"reference": self._saved(controls.reference, new), "reference_blend": blend})
        except BaseException:
            for path in new:
                with contextlib.suppress(OSError):
                    path.unlink()
            raise

    def _saved(self, name: str, new: list[Path]) -> str:
        """The name of a picture beside the looks, written there where it is in memory; what was not there is `new`."""
        held = self._held.get(name)
        if held is None or self._folder is None:
            return name
        path = self._folder / FOLDER / f"{name}.png"
        try:
            from PIL import Image

            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                new.append(path)
            Image.fromarray(held[1]).save(path, "PNG")
        except OSError as error:
            raise PictureRefused(f"The reference picture could not be saved to {path} ({error.strerror}).") from None
        return f"{FOLDER}/{name}.png"

    def _keep(self, kind: str, pixels: Pixels, title: str) -> Reference:
        name = f"{kind}{hashlib.sha256(pixels.tobytes()).hexdigest()[:10]}"
        with self._lock:
            self._held[name] = title, pixels
            self._held.move_to_end(name)
            for old in [old for old in self._held if old != name and old not in self._on_air]:
                if len(self._held) <= KEPT:
                    break
                del self._held[old]
        return Reference(name, title, _origin(name))

    def _of_look(self, name: str) -> Pixels:
        if self._folder is None:
            raise PictureRefused("this program keeps no looks")
        path = inside(self._folder, name)
        try:
            stat = path.stat()
        except OSError as error:
            raise PictureRefused(f"{path} cannot be read: {error.strerror}") from None
        stamp = stat.st_mtime_ns, stat.st_size
        known = self._files.get(name)
        if known is None or known[0] != stamp:
            self._files[name] = known = stamp, _picture_in(_read(path), path.name)
        if isinstance(known[1], str):
            raise PictureRefused(known[1])
        return known[1]


def inside(folder: Path, name: str) -> Path:
    """The path of a picture that a look names relative to its own file.

    Raises:
        PictureRefused: the name leads out of the folder.
    """
    plain = PurePosixPath(name.replace("\\", "/"))
    path = Path(os.path.realpath(folder / plain))  # of links in a circle it makes no error, as Path.resolve may
    if plain.is_absolute() or ":" in name or not path.is_relative_to(os.path.realpath(folder)):
        raise PictureRefused(f"{name} leads out of the folder of the looks; put the picture beside them")
    return path


def uses_frame(controls: Controls) -> bool:
    """Whether the look follows a picture that the camera took."""
    return any(PurePosixPath(name).name.startswith(FRAME) for name in _named(controls))


def _named(controls: Controls) -> tuple[str, ...]:
    """The names of the pictures that are followed, each once."""
    names = (controls.reference, *(name for name, _ in controls.reference_blend))
    return tuple(dict.fromkeys(name for name in names if name))


def _picture_in(raw: bytes, name: str) -> Pixels | str:
    """The picture in a file, or why there is none."""
    try:
        return decoded(raw, name)
    except PictureRefused as refusal:
        return str(refusal)


def _origin(name: str) -> str:
    return "camera" if name.startswith(FRAME) else "yours"


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(FILE_LIMIT_BYTES + 1)
    except OSError as error:
        raise PictureRefused(f"The picture {path} cannot be read ({error.strerror}).") from None
