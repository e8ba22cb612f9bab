"""The page: its port, its key, and what the running program says of itself."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from typing import Any

from ..airstate import AirState
from ..system.answering import get_json
from .case import Case, quoted
from .finding import Finding, error, fine, warning

LATE_MS = 50.0


def check(case: Case) -> Iterator[Finding]:
    """Port, key, figures."""
    if case.settings is None:
        return
    yield from _port(case)
    yield from _key(case)


def state_of(case: Case) -> dict[str, Any] | None:
    """What the running program says; None where none answers to our key."""
    if case.settings is None:
        return None
    token = case.machine.text(case.settings.token_path) or ""
    told = get_json(case.settings.control.host, case.port, "/api/state", token)
    return told if isinstance(told, dict) else None


def _port(case: Case) -> Iterator[Finding]:
    assert case.settings is not None
    control = case.settings.control
    if case.program:
        yield fine("page.program", f"The program runs; its page is at port {case.port}.")
        yield from _figures(case)
        return
    if not control.port or not case.machine.answers(control.host, control.port):
        where = f"Port {control.port} is free for the page." if control.port else "The page takes any free port."
        yield fine("page.free", where)
        return
    show = f"sudo ss -ltnp 'sport = :{control.port}'"
    if case.machine.system == "Windows":
        show = f"netstat -ano | findstr :{control.port}"
    elif case.machine.system == "Darwin":
        show = f"lsof -nP -iTCP:{control.port} -sTCP:LISTEN"
    asked = case.settings.origin("control.port") != "default"
    kind = error if asked else warning
    yield kind(
        "page.taken",
        f"Another program listens at port {control.port}.",
        "The program does not start."
        if asked
        else "The page takes the next port, and a dock with the old address stays empty.",
        "End the other program, or choose another port. This shows who has it.",
        show + "\n" + case.with_config(f"streamv2v-cam config set control.port {control.port + 100}"),
    )


def _figures(case: Case) -> Iterator[Finding]:
    told = state_of(case)
    if told is None:
        yield warning(
            "page.other-key",
            "The program that runs does not know our key.",
            "Its dock has to be opened with the address that it printed.",
            "It runs with another settings file; name that one to the doctor.",
            "streamv2v-cam doctor --config FILE",
        )
        return
    if told.get("air", {}).get("state") == AirState.RESTING:
        yield fine("page.resting", "Nobody watches: camera and engine rest, and are back with the first who does.")
        return
    figures = told.get("telemetry", {})
    late = float(figures.get("interval_p99_ms") or 0)
    words = (
        f"On air: {figures.get('publish_fps', 0):.0f} pictures a second, {figures.get('engine_fps', 0):.1f} drawn; "
        f"motion {figures.get('latency_p50_ms', 0):.0f} ms late, 95 % below {figures.get('latency_p95_ms', 0):.0f} ms"
    )
    if late > LATE_MS:
        yield warning(
            "page.late",
            f"{words}; one picture in a hundred comes {late:.0f} ms after the one before.",
            "Viewers see it stutter.",
            "Something keeps the processor busy; this shows what.",
            "taskmgr" if case.machine.system == "Windows" else "top -o %CPU",
        )
    else:
        yield fine("page.figures", words + ".")


def _key(case: Case) -> Iterator[Finding]:
    assert case.settings is not None
    path = case.settings.token_path
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    text = case.machine.text(path)
    if text is None or len(text) != 43:
        yield error(
            "page.no-key",
            f"The file of the page's key holds no key: {path}.",
            "The program does not start.",
            "Have a new one made; docks need it from then on.",
            case.with_config("streamv2v-cam token rotate"),
        )
    elif case.machine.system != "Windows" and stat.S_IMODE(mode) & 0o077:
        yield warning(
            "page.open-key",
            f"The page's key can be read by others on this machine: {path}.",
            "They could change what is on air.",
            "Close the file, and have a new key made.",
            f"chmod 600 {quoted(path)}\n{case.with_config('streamv2v-cam token rotate')}",
        )
