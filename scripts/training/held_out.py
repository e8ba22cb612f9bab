"""Pictures for judging: photos, and frames of clips, as squares."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np

VIDEOS = {".mkv", ".mp4", ".mov", ".avi", ".webm"}


def judged_frames(paths: list[Path], *, each: int = 2, size: int = 256) -> list[np.ndarray]:
    """The middle squares of photos, and of `each` frames of every clip, RGB uint8 [size, size, 3].

    Raises:
        ValueError: a file is neither a picture nor a clip that can be read.
    """
    return [square(frame, size=size) for path in paths for frame in _frames(path, each)]


def square(picture: np.ndarray, *, size: int) -> np.ndarray:
    """The middle square of an RGB picture, uint8 [size, size, 3]."""
    side = min(picture.shape[:2])
    top, left = ((length - side) // 2 for length in picture.shape[:2])
    return cv2.resize(picture[top : top + side, left : left + side], (size, size), interpolation=cv2.INTER_AREA)


def frames_of(clip: Path) -> list[np.ndarray]:
    """All frames of a clip, RGB uint8 [H, W, 3] each.

    Raises:
        ValueError: it cannot be read, or holds none.
    """
    try:
        with av.open(str(clip)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    except av.FFmpegError as error:
        raise ValueError(f"not a clip that can be read: {clip} ({error})") from error
    if not frames:
        raise ValueError(f"a clip without a single picture: {clip}")
    return frames


def _frames(path: Path, each: int) -> list[np.ndarray]:
    if path.suffix.lower() not in VIDEOS:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None:
            raise ValueError(f"not a picture that OpenCV can read: {path}")
        return [cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)]
    frames = frames_of(path)
    places = np.linspace(0, len(frames) - 1, each + 2)[1:-1].round().astype(int)
    return [frames[place] for place in places]
