"""A network camera that gives the picture of the moment to whoever asks: it is asked again and again."""

from __future__ import annotations

import time

import numpy as np

from ..errors import SourceError
from ..frame import Pixels
from ..media.names import without_secrets
from ..media.opening import open_clip, reason_of
from .decoding import SquareViewer
from .url import OPEN_TIMEOUT_S, SILENCE_S

PAUSES_S = (0.1, 0.2, 0.4, 1.0)
"""From one call to the next; the longer ones while the same picture comes, as it does where it is no camera."""


class SnapshotSource:
    """One picture for each call of an http address.

    Args:
        address: where from.

    Raises:
        SourceError: nothing answers there, or what answers is no picture.
    """

    def __init__(self, address: str) -> None:
        self._address, self.name = address, f"snapshots of {without_secrets(address)}"
        self._same, self._asked_s = 0, 0.0
        self._shown: Pixels | None = None
        self._first: Pixels | None = self._ask()

    @property
    def pause_s(self) -> float:
        """From one call to the next, as things stand."""
        return PAUSES_S[min(self._same, len(PAUSES_S) - 1)]

    def read(self) -> Pixels:
        """The picture of the moment, RGB uint8 `[H, W, 3]`, at most ten a second.

        Raises:
            SourceError: no picture came.
        """
        if self._first is not None:
            self._shown, self._first = self._first, None
            return self._shown
        time.sleep(max(0.0, self._asked_s + self.pause_s - time.monotonic()))
        picture = self._ask()
        same = self._shown is not None and np.array_equal(picture, self._shown)
        self._same = self._same + 1 if same else 0
        self._shown = picture
        return picture

    def close(self) -> None:
        """Nothing is held open between two calls."""

    def _ask(self) -> Pixels:
        import av.error

        self._asked_s = time.monotonic()
        container, stream = open_clip(
            self._address,
            what=f"Address {without_secrets(self._address)}",
            refusal=SourceError,
            timeout_s=(OPEN_TIMEOUT_S, SILENCE_S),
        )
        with container:
            try:
                return SquareViewer(stream).pixels(next(container.decode(stream)))
            except StopIteration:
                raise SourceError(f"The {self.name} ended without a picture.") from None
            except (av.error.FFmpegError, OSError) as error:
                raise SourceError(f"The {self.name} broke: {reason_of(error)}.") from error
