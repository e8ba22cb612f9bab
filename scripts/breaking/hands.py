"""Hands on the controls that do too much: floods, nonsense, docks that hang, files broken behind the program's back."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from .program import Program, live
from .rooms import Room
from .watching import Row, watch

FLOOD_S, HUNG_S = 4.0, 6.0
HUNG_DOCKS = 4
NONSENSE: list[bytes] = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x5a" * 40,
    b"GET / HTTP/1.1\r\n" + b"X-Long: " + b"a" * 70_000 + b"\r\n\r\n",
    b"POST /api/commands HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
    b"GET /api/state HTTP/9.9\r\n\r\n",
    b"\x00" * 4096,
]
BODIES: list[bytes] = [
    b"",
    b"{",
    b"[1, 2",
    b'{"strength": NaN}',
    b'{"strength": 1e999}',
    b'{"strength": true}',
    b'{"strength": {}, "strength": 1}',
    b'{"prompt": "\\ud800"}',
    b'{"prompt": ' + b'"x' * 4000 + b"}",
    b"[" * 8000,
    b'{"mode": "off"}',
    b'{"nothing": 1}',
    b"\xff\xfe\x00",
    b'{"x": "' + b"y" * 20_000 + b'"}',
]


@contextlib.contextmanager
def stage(folder: Path) -> Iterator[Program]:
    """A live program."""
    with live(folder) as program:
        yield program


def _events(program: Program) -> ClientConnection:
    headers = {"Authorization": f"Bearer {program.token}"}
    return connect(f"ws://127.0.0.1:{program.port}/api/events", additional_headers=headers, proxy=None)


def _in_thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def flood(program: Program) -> Row:
    """Two docks send changes as fast as they can; whoever sends too many is told so, and the last change holds."""
    sent, refused = [0, 0], [0, 0]
    until_s = time.monotonic() + FLOOD_S

    def pour(number: int) -> None:
        with _events(program) as socket:

            def listen() -> None:
                with contextlib.suppress(ConnectionClosed):
                    for text in socket:
                        answer = json.loads(text)
                        refused[number] += answer.get("status") == 429

            hearing = _in_thread(listen)
            while time.monotonic() < until_s:
                socket.send(json.dumps({"id": sent[number], "controls": {"strength": sent[number] % 100 / 100}}))
                sent[number] += 1
            time.sleep(0.5)
        hearing.join(2)

    threads: list[threading.Thread] = []
    row = watch(
        program,
        f"two docks flood it for {FLOOD_S:g} s",
        lambda: threads.extend(_in_thread(lambda number=number: pour(number)) for number in range(2)),
        for_s=FLOOD_S + 1,
    )
    for thread in threads:
        thread.join()
    changed = program.ask("PATCH", "/api/controls", {"strength": 0.5})
    row.wrong = "" if changed.get("controls", {}).get("strength") == 0.5 else "a change after the flood was not taken"
    row.said = "too many changes; wait a moment (429)" if sum(refused) else "nothing"
    told = f"{sum(sent) / FLOOD_S:.0f} changes a second, {sum(refused)} refused"
    row.note = ", ".join(filter(None, (told, row.note)))
    return row


def nonsense(program: Program) -> Row:
    """Broken HTTP, broken JSON, wrong types, messages too long, all with the token, over both ways in."""
    codes: dict[str, int] = {}

    def speak() -> None:
        for data in NONSENSE * 5:
            _count(codes, _raw(program.port, data))
        head = f"Host: 127.0.0.1:{program.port}\r\nAuthorization: Bearer {program.token}\r\n"
        for path in ("PATCH /api/controls", "POST /api/commands", "POST /api/looks", "POST /api/prompt"):
            for body in BODIES:
                kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                _count(codes, _raw(program.port, f"{path} HTTP/1.1\r\n{head}{kind}".encode() + body))
        for body in BODIES:
            with contextlib.suppress(ConnectionClosed), _events(program) as line:
                line.send(body)
                line.recv(timeout=1.0)

    thread = threading.Thread(target=speak, daemon=True)
    row = watch(program, "nonsense sent to the API", thread.start, for_s=4.0)
    thread.join(30)
    row.said = ", ".join(f"{code}: {number}" for code, number in sorted(codes.items()))
    row.wrong = "" if not any(code.startswith("5") for code in codes) else f"answered {row.said}"
    row.note = "the number of each answer"
    return row


def _raw(port: int, data: bytes) -> str:
    """Status of what is answered to these bytes; "closed" where the line is closed without a word."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2.0) as line:
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            answer = line.recv(64).split()
    except OSError:
        return "closed"
    return answer[1].decode("ascii", "replace") if len(answer) > 1 else "closed"


def _count(codes: dict[str, int], code: str) -> None:
    codes[code] = codes.get(code, 0) + 1


def hung_docks(program: Program) -> Row:
    """Docks open the live picture and the events, and read nothing any more."""
    address = program.ask("GET", "/api/stream")["air"]
    lines: list[Any] = []

    def hang() -> None:
        for _ in range(HUNG_DOCKS):
            line = socket.create_connection(("127.0.0.1", program.port))
            path = address.partition(f":{program.port}")[2]
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{program.port}\r\n\r\n".encode())
            lines.append(line)
            lines.append(_events(program))

    row = watch(program, f"{HUNG_DOCKS} docks hang", hang, for_s=HUNG_S)
    for line in lines:
        line.close()
    row.said = "nothing"
    return row


def settings_broken(program: Program) -> Row:
    """The settings file is overwritten with nonsense while the program runs; the next start says where."""
    kept = program.path.read_text()
    row = watch(program, "settings file broken", lambda: program.path.write_text("[engine\nwidth = ?"), for_s=2.0)
    code, row.said = program.call("config", "show")
    program.path.write_text(kept)
    row.note = f"said by the next start, exit code {code}"
    row.wrong = "" if code == 2 else f"exit code {code} instead of 2"
    return row


def looks_broken(program: Program) -> Row:
    """So is the file of looks: the looks stay, one saved meanwhile is refused, nothing of the file is lost."""
    path = program.folder / "looks.toml"
    program.ask("POST", "/api/looks", {"title": "Mine"})
    kept = path.read_text()
    number = len(program.ask("GET", "/api/looks"))
    row = watch(program, "file of looks broken", lambda: path.write_text(kept + "\n[broken\n"), for_s=2.0)
    stayed = len(program.ask("GET", "/api/looks")) == number
    saved = bool(program.ask("POST", "/api/looks", {"title": "Another"}))
    row.said = program.said_with("looks.toml") or "nothing"
    row.wrong = "" if stayed and not saved and "[broken" in path.read_text() else "looks or their file were changed"
    path.write_text(kept)
    return row


def token_changed(program: Program) -> Row:
    """The token is changed while a dock is open: the dock is shut out at once, and everyone with the new one let in."""
    old = program.token
    with _events(program) as dock:
        row = watch(program, "token changed", lambda: program.call("token", "rotate"), for_s=2.0)
        try:
            while True:
                dock.recv(timeout=3.0)
        except ConnectionClosed as closed:
            row.said = f"the dock is closed ({closed.rcvd.code if closed.rcvd else 'without a code'})"
        except TimeoutError:
            row.wrong = "the dock with the old token stays"
    row.wrong = row.wrong or ("" if program.token != old and program.look().state else "the new token is refused")
    return row


def port_taken(program: Program) -> Row:
    """A second start with the same settings, whose port the first one has: it ends with one line."""
    codes: list[tuple[int, str]] = []
    second = threading.Thread(
        target=lambda: codes.append(program.call("run", "-i", "presenter", "--sink", "null", "--no-open")), daemon=True
    )
    row = watch(program, "started a second time", second.start, for_s=6.0)
    second.join(60)
    code, said = codes[0]
    row.said, row.note = said.splitlines()[-1], f"said by the second, exit code {code}"
    row.wrong = "" if code == 2 else f"exit code {code} instead of 2"
    return row


ROOM = Room(
    "hands",
    stage,
    {
        "flood": flood,
        "nonsense": nonsense,
        "hung-docks": hung_docks,
        "settings": settings_broken,
        "looks": looks_broken,
        "token": token_changed,
        "second": port_taken,
    },
)
