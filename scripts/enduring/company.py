"""Who takes part in a long show: the hand that moves every control, the docks, a real OBS."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from breaking.program import Program
from breaking.watching import NotSo, wait
from obs.headless import HeadlessObs, missing
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

PERIOD_S = 0.2
"""Between two changes."""
TURN_S = 20.0
"""In so long a number goes from one end of its range to the other and back."""
PROMPTS = ("an oil painting", "a charcoal sketch", "a watercolor of a garden", "stained glass, blue and gold")
COMMANDS = ("next_look", "freeze", "effect", "bypass", "effect", "privacy", "leave_privacy", "reset_bank")
MOVED = ("number", "integer", "choice", "switch", "text")
COMMAND_EVERY = 15
"""Changes between two commands."""


class Hand:
    """Moves one control after the other over its whole range, and now and then gives a command, until closed.

    Attributes:
        sent: changes and commands.
        refused: of them.
        said: the last refusal.
    """

    def __init__(self, program: Program) -> None:
        described = program.ask("GET", "/api/controls")["described"]
        # the mode has commands of its own; what is mixed of several is set by looks
        self._controls = {
            name: rule for name, rule in described.items() if name not in ("mode", "seed") and rule["kind"] in MOVED
        }
        self._address = f"ws://127.0.0.1:{program.port}/api/events"
        self._headers = {"Authorization": f"Bearer {program.token}"}
        self.sent = self.refused = 0
        self.said = ""
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._move, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let go."""
        self._ending.set()
        self._thread.join(5.0)

    def _move(self) -> None:
        with connect(self._address, additional_headers=self._headers, proxy=None) as line:
            hearing = threading.Thread(target=self._hear, args=(line,), daemon=True)
            hearing.start()
            names, commands = itertools.cycle(self._controls), itertools.cycle(COMMANDS)
            while not self._ending.wait(PERIOD_S):
                self.sent += 1
                if self.sent % COMMAND_EVERY == 0:
                    line.send(json.dumps({"id": self.sent, "command": next(commands)}))
                else:
                    name = next(names)
                    value = value_at(self._controls[name], self.sent, time.monotonic())
                    line.send(json.dumps({"id": self.sent, "controls": {name: value}}))

    def _hear(self, line: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            for text in line:
                message = json.loads(text)
                if message["type"] == "answer" and not message["ok"]:
                    self.refused += 1
                    self.said = message["error"]


def value_at(rule: dict[str, Any], number: int, now_s: float) -> Any:
    """A value of a control, by its description: numbers go to and fro, choices take turns."""
    match rule["kind"]:
        case "number" | "integer":
            share = 0.5 - 0.5 * math.cos(now_s * 2 * math.pi / TURN_S)
            value = rule["low"] + share * (rule["high"] - rule["low"])
            return round(value) if rule["kind"] == "integer" else value
        case "choice":
            return rule["choices"][number % len(rule["choices"])]
        case "switch":
            return bool(number % 2)
        case _:
            return PROMPTS[number % len(PROMPTS)] if rule["least"] else ""


@contextlib.contextmanager
def docks(program: Program, number: int, *, pages: bool) -> Iterator[subprocess.Popen[bytes]]:
    """A process with so many docks, each following the events and watching the live picture."""
    command = [sys.executable, str(Path(__file__).with_name("docks.py")), "--number", str(number)]
    place = ["--port", str(program.port), *(["--pages"] if pages else [])]
    process = subprocess.Popen([*command, *place], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(f"{program.token}\n".encode())
        process.stdin.flush()
        if not process.stdout.readline().startswith(b"there"):
            raise NotSo("the docks did not open")
        yield process
    finally:
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()


@contextlib.contextmanager
def real_obs(folder: Path) -> Iterator[tuple[str, str]]:
    """A real OBS without a screen; lines of settings and what is said of it. Without one, an empty line and why."""
    if (reason := missing()) is not None:
        yield "", f"without OBS: {reason}"
        return
    secret = folder / "obs-password"
    secret.touch(mode=0o600)
    with HeadlessObs(folder / "obs") as obs:
        secret.write_text(obs.password)
        yield f'[obs]\nport = {obs.port}\npassword_file = "{secret}"\nwith_run = true\n', "with a real OBS"


def show_in_obs(program: Program) -> None:
    """Put the live picture into OBS, as `obs setup` does it, once it is connected.

    Raises:
        NotSo: it is not connected, or refuses.
    """
    wait(lambda: program.look().told.get("obs", {}).get("connected"), "OBS connected")
    code, said = program.call("obs", "setup", "--picture", "stream")
    if code:
        raise NotSo(said)
