"""The machine under a live program: a stopped host, no free handle, swept memory."""

from __future__ import annotations

import contextlib
import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from .program import ENGINE_MARK, Program, live, stop_and_go
from .rooms import Room
from .watching import Row, watch

HOST_S = 3.0


@contextlib.contextmanager
def stage(folder: Path) -> Iterator[Program]:
    """A live program."""
    with live(folder, "--no-preview") as program:
        yield program


def host_stopped(program: Program) -> Row:
    """The host alone is stopped; the engine goes on without orders."""
    host, engine = program.process.pid, program.engine().pid
    thread = threading.Thread(target=stop_and_go, args=([host], HOST_S), daemon=True)
    row = watch(program, f"host stopped for {HOST_S:g} s", thread.start, for_s=HOST_S + 2)
    row.said = row.said or "nothing"
    row.wrong = "" if program.engine().pid == engine else "another engine is at work"
    return row


def no_handles(program: Program) -> Row:
    """The host may open no further file, and its engine is killed: none can be started until handles are free."""
    host = program.process.pid
    before = resource.prlimit(host, resource.RLIMIT_NOFILE)

    def take() -> None:
        used = max(int(fd.name) for fd in Path(f"/proc/{host}/fd").iterdir())
        engine = program.engine()
        # room for the connection that asks how it is
        resource.prlimit(host, resource.RLIMIT_NOFILE, (used + 2, before[1]))
        engine.kill()
        threading.Timer(4.0, lambda: resource.prlimit(host, resource.RLIMIT_NOFILE, before)).start()

    return watch(program, "no free file handle for 4 s, engine killed", take)


def swept(program: Program) -> Row:
    """Somebody empties the shared memory of the machine of our files, and the engine is killed later."""
    engine = program.engine()
    maps = Path(f"/proc/{engine.pid}/maps").read_text().splitlines()
    names = {line.split()[-1] for line in maps if ENGINE_MARK in line}

    for name in names:
        Path(name).unlink(missing_ok=True)
    time.sleep(1.0)
    state = program.look().state
    row = watch(program, "shared memory swept away, engine killed", engine.kill)
    row.note = f"{len(names)} pieces; seconds from the second"
    row.wrong = "" if state == "live" else f"{state} before the engine was killed"
    return row


ROOM = Room("machine", stage, {"host-stop": host_stopped, "swept": swept, "handles": no_handles})
