"""Does a flood of changes cost the camera its beat?

    python scripts/patch_flood.py --rate 1000 --seconds 30

Starts the program twice for the same time, with the presenter in and nothing out. The second run gets `--rate`
patches a second over the WebSocket of the control API, from another process (this one), while it is live. Compared are
the beats that came late and the time between two published pictures (p50, p99, of the whole run); and whether the last
patch is what holds in the end. A table for people, JSON on the last line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from streamv2v_cam.system.accesstoken import AccessToken
from websockets.asyncio.client import connect

STARTING_S = 120.0
SLICE_S = 0.01


def main() -> None:
    arguments = parse()
    with tempfile.TemporaryDirectory() as folder:
        rows = [run(Path(folder), arguments, rate) for rate in (0, arguments.rate)]
    print(f"{'patches/s':>10}{'seconds':>9}{'pictures':>10}{'late':>6}{'p50 ms':>8}{'p99 ms':>8}  last wins")
    for row in rows:
        print(
            f"{row['rate']:10.0f}{row['seconds']:9.1f}{row['pictures']:10}{row['late']:6}"
            f"{row['p50_ms']:8.1f}{row['p99_ms']:8.1f}  {'-' if row['last_wins'] is None else row['last_wins']}"
        )
    print(json.dumps(rows))


def run(folder: Path, arguments: argparse.Namespace, rate: float) -> dict[str, Any]:
    """One run of the program, flooded unless `rate` is 0; its figures."""
    settings = folder / "settings.toml"
    settings.touch()
    asked = ["--source", "presenter", "--sink", "null", "--no-open", "--json", "--port", str(arguments.port)]
    command = [sys.executable, "-m", "streamv2v_cam", "run", *asked, "--config", str(settings), *arguments.more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as program:
        try:
            token = wait_until_live(arguments.port, folder / "token")
            before = state(arguments.port, token)["telemetry"]
            began_s = time.monotonic()
            sent = asyncio.run(flood(arguments.port, token, rate, arguments.seconds))
            took_s = time.monotonic() - began_s
            last = state(arguments.port, token)
        finally:
            program.terminate()
            out, _ = program.communicate(timeout=60)
    summary = json.loads(out.strip().splitlines()[-1])
    return {
        "rate": sent / took_s,
        "sent": sent,
        "seconds": round(took_s, 2),
        "pictures": last["telemetry"]["published"] - before["published"],
        "late": last["telemetry"]["late"] - before["late"],
        "p50_ms": summary["interval_ms"]["p50"],
        "p99_ms": summary["interval_ms"]["p99"],
        "last_wins": last["controls"]["strength"] == value_of(sent - 1) if sent else None,
    }


def value_of(number: int) -> float:
    """The strength that the patch of this number sets."""
    return (number * 7 % 1000) / 1000


async def flood(port: int, token: str, rate: float, seconds: float) -> int:
    """Send `rate` patches a second for that time, and wait for the answer to the last; how many were sent."""
    if not rate:
        await asyncio.sleep(seconds)
        return 0
    total = round(rate * seconds)
    headers = {"Authorization": f"Bearer {token}"}
    async with connect(f"ws://127.0.0.1:{port}/api/events", additional_headers=headers, proxy=None) as socket:

        async def send() -> None:
            began_s = time.monotonic()
            sent = 0
            while sent < total:
                due = min(total, round((time.monotonic() - began_s) * rate) + 1)
                for number in range(sent, due):
                    await socket.send(json.dumps({"id": number, "controls": {"strength": value_of(number)}}))
                sent = due
                await asyncio.sleep(SLICE_S)

        sending = asyncio.create_task(send())
        while True:
            message = json.loads(await socket.recv())
            if message["type"] == "answer" and not message["ok"]:
                raise SystemExit(f"a patch was refused: {message['error']}")
            if message["type"] == "answer" and message["id"] == total - 1:
                break
        await sending
    return total


def wait_until_live(port: int, token_path: Path) -> str:
    """The token, once styled pictures are on air."""
    deadline_s = time.monotonic() + STARTING_S
    while time.monotonic() < deadline_s:
        time.sleep(0.3)
        if not token_path.exists():
            continue
        token = AccessToken(token_path).current()
        try:
            if state(port, token)["air"]["state"] == "live":
                return token
        except OSError:
            continue
    raise SystemExit(f"The program was not live within {STARTING_S:g} s.")


def state(port: int, token: str) -> dict[str, Any]:
    """What the program says of itself."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/api/state", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=20) as answer:
        return json.load(answer)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rate", type=float, default=1000.0, help="patches a second")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each run")
    parser.add_argument("--port", type=int, default=8795, help="port of the program")
    parser.add_argument("more", nargs="*", help="more options for the program, behind --")
    return parser.parse_args()


if __name__ == "__main__":
    main()
