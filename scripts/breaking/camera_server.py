"""A network camera on this machine (MJPEG over HTTP) that can be made to fail as real ones do."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from typing import Literal

from streamv2v_cam.capture.presenter import PresenterSource
from streamv2v_cam.system.opencv import cv2

Way = Literal["plays", "silent", "torn", "busy", "nothing"]

FPS = 15
PICTURES = 30
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=picture\r\n\r\n"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class NetworkCamera:
    """Shows the drawn presenter to whoever connects.

    Attributes:
        address: of the stream.
        way: what it does: plays; keeps the connection and sends nothing; sends torn pictures; sends every newcomer
            away (503); answers with what is no picture.
    """

    def __init__(self) -> None:
        self._films = {size: _film(*size) for size in ((640, 360), (320, 240))}
        self.size: tuple[int, int] = (640, 360)
        self.way: Way = "plays"
        self._listener: socket.socket | None = None
        self._port = 0
        self._lines: list[socket.socket] = []
        self.plug_in()
        self.address = f"http://127.0.0.1:{self._port}/live"

    def plug_in(self) -> None:
        """Listen, on the port it had before."""
        self._listener = listener = socket.create_server(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        threading.Thread(target=self._admit, args=(listener,), daemon=True).start()

    def pull(self) -> None:
        """Cut every line, and listen no more."""
        listener, self._listener = self._listener, None
        if listener is not None:
            # closing alone would leave the thread that accepts holding it
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.cut()

    def cut(self) -> None:
        """Cut every line; who connects again is let in."""
        lines, self._lines = self._lines, []
        for line in lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _admit(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        # whoever was cut off, or went away, is told nothing
        with contextlib.suppress(OSError), line:
            line.recv(65536)
            if self.way == "busy":
                line.sendall(BUSY)
                return
            if self.way == "nothing":
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<h1>camera</h1>")
                return
            self._lines.append(line)
            line.sendall(HEAD)
            due_s = time.monotonic()
            for number in itertools.count():
                due_s += 1 / FPS
                time.sleep(max(0.0, due_s - time.monotonic()))
                if self.way == "silent":
                    continue
                jpeg = self._films[self.size][number % PICTURES]
                if self.way == "torn":
                    jpeg = jpeg[: len(jpeg) // 3] + b"\0" * 64
                line.sendall(b"--picture\r\nContent-Type: image/jpeg\r\n")
                line.sendall(b"Content-Length: %d\r\n\r\n" % len(jpeg) + jpeg + b"\r\n")


def _film(width: int, height: int) -> list[bytes]:
    """Two seconds of the presenter as JPEG files."""
    source = PresenterSource(width=width, height=height, fps=240)
    film: list[bytes] = []
    for _ in range(PICTURES):
        done, jpeg = cv2.imencode(".jpg", source.read()[:, :, ::-1])
        assert done
        film.append(jpeg.tobytes())
    source.close()
    return film
