"""Network cameras that answer each call with one picture: asked again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest
from small_clips import number_of
from streamv2v_cam.capture import SourceOpener
from streamv2v_cam.capture.address import open_address
from streamv2v_cam.capture.snapshot import SnapshotSource
from streamv2v_cam.errors import SourceError

from tests.plugin.capture.network import jpeg


def png(number: int) -> bytes:
    decoded = cv2.imdecode(np.frombuffer(jpeg(number), np.uint8), cv2.IMREAD_COLOR)
    return cv2.imencode(".png", decoded)[1].tobytes()


class Camera:
    """Gives picture 0, 1, 2, ... to whoever asks; `away` makes it refuse."""

    def __init__(self) -> None:
        self.calls, self.away, self.picture = 0, False, jpeg
        camera = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(503 if camera.away else 200)
                body = b"" if camera.away else camera.picture(camera.calls)
                camera.calls += 1
                self.send_header("Content-Type", "image/png" if camera.picture is png else "image/jpeg")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def camera() -> Iterator[Camera]:
    made = Camera()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.mark.parametrize("path", ["snap.jpg", "snap.jpg?user=a&pwd=SECRET", "cgi-bin/picture", "snap.jpg?loop"])
@pytest.mark.parametrize("picture", [jpeg, png], ids=["JPEG", "PNG"])
def test_each_read_is_the_picture_of_the_moment(path: str, picture: Callable[[int], bytes], camera: Camera) -> None:
    camera.picture = picture
    source = open_address(f"{camera.address}/{path}")
    assert isinstance(source, SnapshotSource) and "SECRET" not in source.name
    numbers = [number_of(source.read()) for _ in range(4)]
    assert numbers == list(range(numbers[0], numbers[0] + 4))


def test_a_camera_that_refuses_one_call_is_lost_and_found_by_the_same_opener(camera: Camera) -> None:
    opener = SourceOpener(f"{camera.address}/snap.jpg?key=SECRET", width=64, height=48, fps=30)
    source = opener()
    source.read()
    camera.away = True
    with pytest.raises(SourceError, match="cannot be opened") as caught:
        for _ in range(3):
            source.read()
    assert "SECRET" not in str(caught.value)
    camera.away = False
    assert opener().read() is not None


def test_a_picture_that_stays_the_same_is_asked_for_less_often_and_a_new_one_soon(camera: Camera) -> None:
    source = SnapshotSource(f"{camera.address}/snap.jpg")
    slept: list[float] = []
    camera.picture = lambda number: jpeg(7)
    for _ in range(6):
        source.read()
        slept.append(source.pause_s)
    camera.picture = jpeg
    source.read()
    assert slept[-1] > slept[0] and source.pause_s == slept[0]
