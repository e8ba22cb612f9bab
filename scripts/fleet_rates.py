"""A fleet on this machine: what each session gets, and how long one is away when its replica dies (docs/scale.md).

    python scripts/fleet_rates.py                     # the embedded model, two replicas of one core each
    python scripts/fleet_rates.py --sessions 1 2 --seconds 5

Real Ray Serve, real hosts over pinned TLS, each fed as a camera does. Prints a table for people and JSON on the last
line.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.clip import moving_clip
from fleets.processes import REPLICA, processes
from streamv2v_cam.engine.heartbeat import Patience
from streamv2v_cam.engine.link import EngineLink
from streamv2v_cam.engine.protocol import Failure, FrameDone
from streamv2v_cam.engine.remote.address import Dial, ServerAddress
from streamv2v_cam.engine.remote.client import ENTRY
from streamv2v_cam.engine.remote.fleet.running import Fleet, plan_for
from streamv2v_cam.engine.remote.known import known_servers
from streamv2v_cam.engine.remote.meeting import pair
from streamv2v_cam.frame import Frame
from streamv2v_cam.store import ControlStore

from streamv2v import StreamConfig

CAMERA_FPS = 30.0
PORT = 8797
START_S = 120.0


@dataclass(eq=False)
class Host:
    """A host's end of one session, which is begun again when it ends, as a supervisor does."""

    address: ServerAddress
    config: StreamConfig
    pictures: list[Any]
    number: int = 0
    shown: int = 0
    ways_ms: list[float] = field(default_factory=list)
    last_s: float = field(default_factory=time.monotonic)
    longest_s: float = 0.0
    begun: int = 0

    def __post_init__(self) -> None:
        self.begun += 1
        config = replace(self.config, model=str(Dial(self.address, "jpeg")))
        self.link = EngineLink(config, ControlStore().current, entry=ENTRY, patience=Patience(60, 60))
        self._after = 0

    def beat(self) -> None:
        """Feed a frame and take what has come."""
        now_s = time.monotonic()
        if self.link.ready is not None:
            self.number += 1
            self.link.feed(Frame(self.pictures[self.number % len(self.pictures)], self.number, now_s))
        for message in self.link.hear(0):
            if isinstance(message, Failure):
                self.link.close(at_once=True)
                self.__post_init__()
                return
            if isinstance(message, FrameDone) and (found := self.link.styled(after=self._after)) is not None:
                self._after = found[0]
                self.shown += 1
                self.ways_ms.append((time.monotonic() - found[1].captured_at_s) * 1000)
                self.longest_s = max(self.longest_s, now_s - self.last_s)
                self.last_s = now_s

    def forget(self) -> None:
        """Begin to count."""
        self.shown, self.longest_s, self.last_s = 0, 0.0, time.monotonic()
        self.ways_ms.clear()


def main() -> None:
    options = _options()
    folder = Path(tempfile.mkdtemp())
    os.environ["STREAMV2V_CONFIG"] = str(folder / "host" / "settings.toml")
    width, height = map(int, options.size.split("x"))
    config = StreamConfig(model=options.model, width=width, height=height, slots=options.slots)
    plan = plan_for(
        config, folder / "serve", replicas=options.replicas, most_replicas=options.replicas, sessions=16, threads=1
    )
    fleet = Fleet(plan, host="127.0.0.1", port=PORT)
    address = ServerAddress("127.0.0.1", PORT)
    rows: list[dict[str, Any]] = []
    try:
        pair(address, fleet.code.open(), known_servers(), name="measuring")
        print("sessions | fps each, mean | least | most | look ms, median | 95 %")
        for count in options.sessions:
            hosts = [Host(address, config, moving_clip(width, height)) for _ in range(count)]
            rows.append(_measured(hosts, options.seconds))
            if options.kill and count == options.sessions[-1]:
                rows.append(_killed(hosts, options.seconds))
            for host in hosts:
                host.link.close()
    finally:
        fleet.stop()
    print(json.dumps({"replicas": options.replicas, "size": options.size, "rows": rows}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--size", default="256x256")
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--seconds", type=float, default=15.0, help="of each row")
    parser.add_argument("--kill", action="store_true", help="then kill one replica and see how long its hosts wait")
    return parser.parse_args()


def _measured(hosts: list[Host], seconds: float) -> dict[str, Any]:
    play(hosts, START_S, lambda: all(host.shown > 5 for host in hosts))
    for host in hosts:
        host.forget()
    play(hosts, seconds, lambda: False)
    fps = [host.shown / seconds for host in hosts]
    ways = sorted(way for host in hosts for way in host.ways_ms) or [0.0]
    look, late = statistics.median(ways), ways[int(0.95 * len(ways))]
    print(
        f"{len(hosts):8} | {statistics.mean(fps):14.2f} | {min(fps):5.2f} | {max(fps):4.2f} | {look:15.0f} | {late:.0f}"
    )
    return {"sessions": len(hosts), "fps": fps, "look_ms": look, "look_95_ms": late}


def _killed(hosts: list[Host], seconds: float) -> dict[str, Any]:
    for host in hosts:
        host.forget()
    processes(REPLICA)[0].kill()
    play(hosts, max(30.0, seconds), lambda: False)
    away = [host.longest_s for host in hosts]
    print(
        "one replica killed: longest time without a new picture, s, of each host: "
        + ", ".join(f"{s:.1f}" for s in away)
    )
    return {"killed": 1, "away_s": away}


def play(hosts: list[Host], seconds: float, over: Any) -> None:
    """Feed them as cameras do, for so long or until it is over."""
    next_s = time.monotonic()
    until_s = next_s + seconds
    while time.monotonic() < until_s and not over():
        for host in hosts:
            host.beat()
        next_s = max(next_s + 1 / CAMERA_FPS, time.monotonic() - 1)
        time.sleep(max(0.0, next_s - time.monotonic()))


if __name__ == "__main__":
    main()
