"""RTSP cameras, from a small real server on this machine that knows one transport."""

from __future__ import annotations

import contextlib
import itertools
import re
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import until
from plugin.capture.test_thread import Rig
from small_clips import number_of, write_clip
from streamv2v_cam.capture.url import UrlSource

TS_PACKET, RTP_TS = 188, 33
SDP = f"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP {RTP_TS}\r\na=control:one\r\n"


def rtp_packets(data: bytes) -> Iterator[bytes]:
    """A transport stream, again and again, as RTP carries it: seven of its packets behind twelve bytes."""
    size = 7 * TS_PACKET
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    for number, piece in enumerate(itertools.cycle(pieces)):
        yield struct.pack(">BBHII", 0x80, RTP_TS, number % 65536, number * 3000, 1) + piece


class Camera:
    """Answers its clients, one after the other, over the one transport it knows, "tcp" or "udp", and 461 to any other.

    Args:
        transport: see there.
        data: a transport stream.
        lives: packets after which the first client is dropped; None for no end.

    Attributes:
        refused: transports that were asked for in vain.
        clients: how many there were.
    """

    def __init__(self, transport: str, data: bytes, lives: int | None = None) -> None:
        self._transport, self._data, self._lives = transport, data, lives
        self.clients = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.refused: list[str] = []
        self.address = f"rtsp://127.0.0.1:{self._listener.getsockname()[1]}/one"
        self._ending = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def end(self) -> None:
        self._ending.set()
        self._listener.close()

    def _run(self) -> None:
        while not self._ending.is_set():
            # whoever has read enough goes away in the middle of it
            with contextlib.suppress(OSError):
                self._serve()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        self.clients += 1
        with connection, connection.makefile("rb") as lines:
            target = 0
            while (request := lines.readline().decode().strip()) and not self._ending.is_set():
                headers = {}
                while line := lines.readline().decode().strip():
                    name, _, value = line.partition(":")
                    headers[name.lower()] = value.strip()
                asked = headers.get("transport", "")
                used = "tcp" if "/TCP" in asked else "udp"
                known = not asked or used == self._transport
                if not known:
                    self.refused.append(used)
                if found := re.search(r"client_port=(\d+)", asked):
                    target = int(found[1])
                self._answer(connection, request.partition(" ")[0], headers["cseq"], asked if known else None)
                if request.startswith("PLAY"):
                    threading.Thread(target=self._play, args=(connection, target), daemon=True).start()

    def _answer(self, connection: socket.socket, method: str, number: str, transport: str | None) -> None:
        status = "200 OK" if transport is not None else "461 Unsupported Transport"
        more = f"Transport: {transport}\r\n" if transport else ""
        body = SDP if method == "DESCRIBE" else ""
        kind = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n" if body else ""
        head = f"RTSP/1.0 {status}\r\nCSeq: {number}\r\nSession: 1\r\nPublic: DESCRIBE, SETUP, PLAY\r\n{more}{kind}\r\n"
        connection.sendall((head + body).encode())

    def _play(self, connection: socket.socket, port: int) -> None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            lives = self._lives if self.clients == 1 else None
            for packet in itertools.islice(rtp_packets(self._data), lives):
                if self._ending.wait(0.005):
                    return
                if self._transport == "udp":
                    sender.sendto(packet, ("127.0.0.1", port))
                else:
                    connection.sendall(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
            connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def camera(transport: str, folder: Path, lives: int | None = None) -> Iterator[Camera]:
    found = Camera(transport, write_clip(folder / "live.ts", 30).read_bytes(), lives)
    yield found
    found.end()


@pytest.mark.parametrize(("transport", "refused"), [("tcp", []), ("udp", ["tcp"])])
def test_a_camera_is_read_over_the_one_transport_it_knows_and_tcp_is_asked_for_first(
    tmp_path: Path, transport: str, refused: list[str]
) -> None:
    with camera(transport, tmp_path) as found:
        source = UrlSource(found.address)
        numbers = [number_of(source.read()) for _ in range(5)]
        source.close()
    assert len(set(numbers)) == 5, numbers
    assert found.refused == refused


def test_a_camera_that_drops_the_line_is_asked_again_and_its_pictures_go_on(tmp_path: Path) -> None:
    with camera("tcp", tmp_path, lives=60) as found:
        rig = Rig(lambda: UrlSource(found.address))
        assert until(lambda: rig.thread.lost_reason is not None)
        assert until(lambda: found.clients == 2 and rig.thread.lost_reason is None)
        seen = rig.telemetry.snapshot().captured
        assert until(lambda: rig.telemetry.snapshot().captured > seen)
        rig.thread.stop()
