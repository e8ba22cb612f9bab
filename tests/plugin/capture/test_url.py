"""Streams from the network, from a real server on this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from small_clips import number_of, write_clip
from streamv2v_cam.capture.address import open_address
from streamv2v_cam.capture.url import UrlSource, without_secrets
from streamv2v_cam.capture.video import VideoFileSource
from streamv2v_cam.errors import SourceError


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def file_server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietFiles, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield tmp_path, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def send_once(data: bytes) -> tuple[str, threading.Thread]:
    """A live stream: one client gets `data`, then the line is cut."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return f"tcp://127.0.0.1:{listener.getsockname()[1]}", thread


def test_a_file_behind_an_address_is_paced_like_a_file(file_server: tuple[Path, str]) -> None:
    folder, address = file_server
    write_clip(folder / "clip.mp4", 5)
    source = open_address(f"{address}/clip.mp4")
    assert isinstance(source, VideoFileSource)
    pixels = source.read()
    assert pixels is not None and number_of(pixels) == 0
    source.close()


def test_an_address_without_a_file_says_so(file_server: tuple[Path, str]) -> None:
    with pytest.raises(SourceError, match="cannot be opened"):
        open_address(f"{file_server[1]}/nothing.mp4")


def test_a_live_stream_gives_pictures_until_the_line_is_cut(tmp_path: Path) -> None:
    data = write_clip(tmp_path / "live.ts", 20).read_bytes()
    address, thread = send_once(data)
    source = UrlSource(address)
    numbers = []
    with pytest.raises(SourceError, match=r"ended|broke"):
        while True:
            numbers.append(number_of(source.read()))
    source.close()
    thread.join(5)
    assert len(numbers) >= 15 and numbers == sorted(numbers)


def test_user_password_and_query_stay_out_of_the_name() -> None:
    assert without_secrets("rtsp://me:word@cam.local/one?key=1") == "rtsp://cam.local"
