"""Small network cameras on this machine: JPEG pictures over HTTP, headed as well or as badly as real ones head them."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from small_clips import number_to_grey

MULTIPART = "multipart/x-mixed-replace; boundary=frame"
PART = b"--frame\r\nContent-Type: image/jpeg\r\n"
KINDS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "with lengths": (MULTIPART, lambda jpeg: PART + b"Content-Length: %d\r\n\r\n" % len(jpeg) + jpeg + b"\r\n"),
    "without lengths": (MULTIPART, lambda jpeg: PART + b"\r\n" + jpeg + b"\r\n"),
    "without part headers": (MULTIPART, lambda jpeg: b"--frame\r\n\r\n" + jpeg + b"\r\n"),
    "without boundaries": (MULTIPART, lambda jpeg: jpeg),
    "with another boundary than announced": (MULTIPART + "2", lambda jpeg: PART + b"\r\n" + jpeg + b"\r\n"),
    "without a type": ("", lambda jpeg: PART + b"\r\n" + jpeg + b"\r\n"),
}
"""Kind -> content type, and what stands around a picture."""
KINDS_OF_LARGE = {"as one endless picture": ("image/jpeg", KINDS["without boundaries"][1])}
"""FFmpeg takes these for a single picture until it has seen five megabytes."""


def jpeg(number: int, *, width: int = 64, height: int = 48) -> bytes:
    """Picture `number` of `write_clip`, of any size."""
    pixels = np.full((height, width, 3), number_to_grey(number % 30), np.uint8)
    return cv2.imencode(".jpg", pixels)[1].tobytes()


class JpegCamera:
    """Serves pictures to whoever asks until `end`; each client begins at picture 0.

    Args:
        kind: one of `KINDS`.
        lives: pictures after which a client is dropped, one number for each client in turn, the last for all others;
            None for no end.
        picture: makes picture n.
        stall: whether a client is left hanging instead of dropped.
    """

    def __init__(
        self,
        kind: str = "with lengths",
        *,
        lives: tuple[int | None, ...] = (None,),
        picture: Callable[[int], bytes] = jpeg,
        stall: bool = False,
    ) -> None:
        self._type, self._around = (KINDS | KINDS_OF_LARGE)[kind]
        self._lives, self._picture, self._stall = lives, picture, stall
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ending = threading.Event()
        self.clients = 0
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}/video"
        threading.Thread(target=self._run, daemon=True).start()

    def end(self) -> None:
        self._ending.set()
        self._listener.close()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                lives = self._lives[min(self.clients, len(self._lives) - 1)]
                self.clients += 1
                threading.Thread(target=self._serve, args=(connection, lives), daemon=True).start()

    def _serve(self, connection: socket.socket, lives: int | None) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(4096)
            head = f"Content-Type: {self._type}\r\n" if self._type else ""
            connection.sendall(f"HTTP/1.0 200 OK\r\n{head}\r\n".encode())
            for number in itertools.count() if lives is None else range(lives):
                connection.sendall(self._around(self._picture(number)))
                if self._ending.wait(0.005):
                    return
            if self._stall:
                self._ending.wait(30)


@contextlib.contextmanager
def jpeg_camera(*args: object, **more: object) -> Iterator[JpegCamera]:
    found = JpegCamera(*args, **more)  # type: ignore[arg-type]
    yield found
    found.end()
