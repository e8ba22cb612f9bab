"""An emulated line delays, narrows and loses as it says; what a measurement over it comes to is compared run by run."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator

import pytest
from lines.emulated import SERVER, Direction, LineKind, line, why_not, within
from remote_lines import row, verdict

SIZE = 1000


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    out, into = os.pipe()
    os.set_blocking(out, False)
    yield out, into
    os.close(out)
    os.close(into)


def came(out: int) -> int:
    try:
        return len(os.read(out, 1 << 20)) // SIZE
    except BlockingIOError:
        return 0


def test_a_packet_comes_out_after_its_own_time_on_the_line_and_the_delay(pipe: tuple[int, int]) -> None:
    way = Direction(LineKind("", 8, 30), pipe[1], random.Random(0))  # 1000 bytes take 1 ms
    for _ in range(3):
        way.take(bytes(SIZE), 10.0)
    assert way.deliver(10.0305) == pytest.approx(10.031) and came(pipe[0]) == 0
    way.deliver(10.0315)
    assert came(pipe[0]) == 1
    assert way.deliver(10.034) == float("inf") and came(pipe[0]) == 2


def test_what_does_not_fit_before_a_line_is_lost(pipe: tuple[int, int]) -> None:
    way = Direction(LineKind("", 4, 0), pipe[1], random.Random(0))
    for _ in range(300):
        way.take(bytes(SIZE), 0.0)
    way.deliver(9.0)
    assert 40 < came(pipe[0]) < 60, "a tenth of a second of its rate waits"


def test_a_line_loses_its_share_and_keeps_the_order_of_the_rest(pipe: tuple[int, int]) -> None:
    way = Direction(LineKind("", 1000, 5, jitter_ms=4, loss=0.2), pipe[1], random.Random(0))
    for number in range(500):
        way.take(bytes([number // 2]) * 2, number * 0.001)
    way.deliver(9.0)
    data = os.read(pipe[0], 1 << 16)
    assert 0.7 < len(data) / 2 / 500 < 0.9
    assert list(data) == sorted(data)


def figures(fps: float, look_ms: float, motion_ms: float = 40.0) -> dict[str, object]:
    line = {"line": "h264", "late": 0, "beats_fps": 30.0}
    return {"styled_fps": fps, "look_ms": look_ms, "motion_ms": motion_ms, **line}


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (figures(28, 190), "as asked"),
        (figures(20, 190), "not as asked: rate"),
        (figures(28, 240, 60), "not as asked: look, motion"),
    ],
)
def test_each_run_is_held_against_the_one_beside_it(there: dict[str, object], said: str) -> None:
    kind = LineKind("4G-like", 20, 30, loss=0.01)
    found = row(kind, "auto", [{"here": figures(30, 110), "auto": there}])
    assert verdict(found) == said
    assert found["look beyond delay, ms"] == round(float(there["look_ms"]) - 110 - 60)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_two_namespaces_reach_each_other_over_the_line_and_nothing_else() -> None:
    talk = "import socket, time; s = socket.create_server(('', 9000)); c, _ = s.accept(); c.sendall(c.recv(9))"
    ask = (
        "import socket, time; began = time.monotonic()\n"
        f"c = socket.create_connection(('{SERVER}', 9000), 20); c.sendall(b'x'); assert c.recv(9) == b'x'\n"
        "print(time.monotonic() - began)"
    )
    with line(LineKind("", 20, 30), host="sv2v-test-host", server="sv2v-test-server") as (host, server):
        with subprocess.Popen(within(server, [sys.executable, "-c", talk])) as answering:
            retried = f"import time; time.sleep(1)\n{ask}"
            done = subprocess.run(
                within(host, [sys.executable, "-c", retried]), capture_output=True, text=True, check=True
            )
            answering.wait(20)
        assert 0.12 <= float(done.stdout) < 5, "two round trips of 60 ms"
    names = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    assert "sv2v-test" not in names
