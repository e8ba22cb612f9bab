"""The oracle: a clip of which the engine styled every frame, kept on disk because it costs a second a frame or so."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

import streamv2v
from streamv2v import Controls
from streamv2v.config import EMBEDDED_FOLDER, EMBEDDED_MODEL

from ..clips import Clip
from ..settings import Setting
from ..store import fingerprint, key_of
from ..streams import Engines


class Oracle:
    """Styled frames of clips, read from disk where they were made before.

    Args:
        engines: styles what is not there yet; its base says model and slots.
        folder: where styled clips are kept, made if need be.
        setting: the bank and the live values beside prompt and strength.
    """

    def __init__(self, engines: Engines, folder: Path, setting: Setting) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._engines, self._folder, self._setting = engines, folder, setting
        base = engines.base
        model = str(EMBEDDED_FOLDER) if base.model == EMBEDDED_MODEL else base.model
        self._common: dict[str, Any] = {
            "code": fingerprint(sorted(Path(streamv2v.__file__).parent.rglob("*.py"))),
            "weights": fingerprint([model, *([base.vae] if base.vae else [])]),
            "slots": base.slots,
            "facts": [engines.components.facts.get(name) for name in ("device", "dtype", "loras")],
            "setting": setting.content(),
        }

    def styled(self, clip: Clip, look: Controls) -> list[np.ndarray]:
        """Every frame of `clip` in `look`, RGB uint8 `[H, W, 3]` of the clip's size."""
        own = {"clip": clip.digest, "prompt": look.prompt, "strength": look.strength}
        path = self._folder / f"{key_of(self._common | own)}.npz"
        if path.is_file():
            with np.load(path) as kept:
                return list(kept["styled"])
        pictures = np.stack(list(self._engines.engine(self._setting, clip.size).translate(clip.frames, look)))
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as file:
            np.savez_compressed(file, styled=pictures)
        os.replace(unfinished, path)
        return list(pictures)
