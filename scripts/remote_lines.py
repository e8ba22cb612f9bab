"""What a line between camera and engine costs a show: styled rate, lateness of look and motion, and the beats.

Host and server run in two network namespaces with a line between them that delays and loses real packets
(`lines/emulated.py`), in turns with the same engine in the host's own machine:

    python scripts/remote_lines.py                          # four lines, two rounds, an engine of 33 ms: 6 minutes
    python scripts/remote_lines.py --engine embedded        # the drawing engine, which shares the cores: 8 minutes
    python scripts/remote_lines.py --only 4g --pictures auto,jpeg,h264 --congestion bbr

Prints a table for people and JSON on the last line. Needs root on Linux with `ip` and /dev/net/tun.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lines.emulated import SERVER, LineKind, line, why_not, within

LINES = {
    "lan": LineKind("LAN", 1000, 0.2),
    "wifi": LineKind("Wi-Fi-like", 60, 3, jitter_ms=2, loss=0.002),
    "4g": LineKind("4G-like", 20, 30, loss=0.01),
    "4g-near": LineKind("4G-like, 30 ms there and back", 20, 15, loss=0.01),
    "far": LineKind("far away", 20, 100, loss=0.001),
}
ROOT = Path(__file__).resolve().parents[1]
RATE, ROOM_MS, MOTION_MS = 0.9, 25.0, 5.0
"""What is asked of the 4G-like line: share of the local rate, look beyond the delay, and what counts as unchanged."""


def program(namespace: str, *words: str) -> list[str]:
    return within(namespace, [sys.executable, "-m", "lines.program", *words])


def environment() -> dict[str, str]:
    parts = [str(ROOT / "scripts"), str(ROOT / "plugin"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, parts))}


@contextlib.contextmanager
def served(namespace: str, folder: Path, asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A server in a namespace; gives its port and code."""
    command = program(namespace, "serve", str(folder), asked.engine, asked.size)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(), cwd=ROOT
    ) as server:
        assert server.stdout is not None and server.stdin is not None
        try:
            yield json.loads(server.stdout.readline())
        finally:
            server.stdin.close()


def shown(namespace: str, folder: Path, asked: argparse.Namespace, *words: str) -> dict[str, Any]:
    """The figures of one show."""
    command = program(namespace, "run", str(folder), asked.engine, asked.size, str(asked.seconds), *words)
    done = subprocess.run(
        [*command, "--source", asked.source], env=environment(), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def control_congestion(namespace: str, way: str) -> None:
    """Have TCP in a namespace send in that way.

    Raises:
        SystemExit: the kernel does not let it.
    """
    command = within(namespace, ("sysctl", "-qw", f"net.ipv4.tcp_congestion_control={way}"))
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        allowed = Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control").read_text().strip()
        raise SystemExit(f"TCP cannot work by {way!r} here; --congestion takes: {allowed.replace(' ', ', ')}.")


def over(kind: LineKind, asked: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Rows of one line: here and there in turns, once for each way of writing pictures."""
    rounds: list[dict[str, dict[str, Any]]] = []
    with line(kind) as (host, server):
        for namespace in (host, server):
            control_congestion(namespace, asked.congestion)
        with served(server, folder / "there", asked) as told:
            address, code = f"{SERVER}:{told['port']}", ("--code", told["code"])
            for _ in range(asked.rounds):
                figures = {"here": shown(host, folder / "here", asked)}
                for pictures in asked.pictures.split(","):
                    words = ("--server", address, "--pictures", pictures, *code)
                    figures[pictures], code = shown(host, folder / "here", asked, *words), ()
                rounds.append(figures)
                print(json.dumps({"line": kind.name, **figures}), file=sys.stderr, flush=True)
    return [row(kind, pictures, rounds) for pictures in asked.pictures.split(",")]


def row(kind: LineKind, pictures: str, rounds: Sequence[dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """The middle of the rounds, each compared with the run beside it."""

    def middle(name: str, which: str) -> float:
        return statistics.median(float(one[which][name]) for one in rounds)

    rate = statistics.median(one[pictures]["styled_fps"] / one["here"]["styled_fps"] for one in rounds)
    later = statistics.median(one[pictures]["look_ms"] - one["here"]["look_ms"] for one in rounds)
    return {
        "line": str(kind),
        "pictures": pictures if pictures != "auto" else f"auto: {rounds[-1][pictures]['line']}",
        "there and back, ms": 2 * kind.delay_ms,
        "here, fps": round(middle("styled_fps", "here"), 2),
        "there, fps": round(middle("styled_fps", pictures), 2),
        "rate": round(rate, 3),
        "look here, ms": round(middle("look_ms", "here")),
        "look there, ms": round(middle("look_ms", pictures)),
        "look beyond delay, ms": round(later - 2 * kind.delay_ms),
        "motion here, ms": round(middle("motion_ms", "here")),
        "motion there, ms": round(middle("motion_ms", pictures)),
        "beats here": f"{middle('beats_fps', 'here'):.1f}, {middle('late', 'here'):.0f} late",
        "beats there": f"{middle('beats_fps', pictures):.1f}, {middle('late', pictures):.0f} late",
    }


def verdict(found: dict[str, Any]) -> str:
    """What was asked of a 4G-like line, and whether it is so."""
    kept = [
        found["rate"] >= RATE,
        found["look beyond delay, ms"] <= ROOM_MS,
        found["motion there, ms"] <= found["motion here, ms"] + MOTION_MS,
    ]
    names = ("rate", "look", "motion")
    missed = [name for name, is_so in zip(names, kept, strict=True) if not is_so]
    return "as asked" if not missed else f"not as asked: {', '.join(missed)}"


def main() -> None:
    """Measure and print."""
    asking = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asking.add_argument("--only", default=",".join(LINES), help="lines, of " + ", ".join(LINES))
    asking.add_argument("--engine", default="paced:33", help='"paced:MS" or a model')
    asking.add_argument("--size", default="512x288", help="of the engine")
    asking.add_argument("--pictures", default="auto", help="ways of writing them, one row each")
    asking.add_argument("--source", default="presenter", help="camera, or a clip")
    asking.add_argument("--seconds", type=float, default=12.0, help="of each measurement, 10 at least")
    asking.add_argument("--rounds", type=int, default=2)
    asking.add_argument("--congestion", default="reno", help="TCP's congestion control on both sides")
    asked = asking.parse_args()
    if reason := why_not():
        raise SystemExit(f"No line can be emulated here: {reason}.")
    rows: list[dict[str, Any]] = []
    for name in asked.only.split(","):
        with tempfile.TemporaryDirectory() as place:
            for part in ("here", "there"):
                (Path(place) / part).mkdir()
            rows += over(LINES[name], asked, Path(place))
    names = list(rows[0])
    print("| " + " | ".join(names) + " |\n|" + "---|" * len(names))
    for one in rows:
        print("| " + " | ".join(str(one[name]) for name in names) + " |")
    for one in rows:
        if LINES["4g"].name in one["line"]:
            print(f"{one['line']}, {one['pictures']}: {verdict(one)}")
    print(json.dumps({"engine": asked.engine, "size": asked.size, "congestion": asked.congestion, "rows": rows}))


if __name__ == "__main__":
    main()
