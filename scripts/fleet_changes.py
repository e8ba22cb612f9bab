"""A fleet that changes while people are on air: short lines, growth, an update, a lost proxy, a long line.

    python scripts/fleet_changes.py                            # all of it, about five minutes
    python scripts/fleet_changes.py --only short --lines 1000
    python scripts/fleet_changes.py --only held --held 600

Real Ray Serve with the embedded model and small pictures, real hosts over pinned TLS. A replica takes two sessions
here, one too many is ended after ten seconds and keeps its sessions for twenty, where ten minutes and an hour are
usual (docs/scale.md). Prints a table for people and JSON on the last line.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.clip import moving_clip
from fleet_rates import Host, play
from fleets.processes import KINDS, print_growth, processes, sizes
from fleets.short_lines import engines_had, short_lines
from streamv2v_cam.engine.remote.address import ServerAddress
from streamv2v_cam.engine.remote.fleet.plan import FleetPlan
from streamv2v_cam.engine.remote.fleet.running import Fleet, plan_for
from streamv2v_cam.engine.remote.known import known_servers
from streamv2v_cam.engine.remote.meeting import pair

from streamv2v import StreamConfig

PORT, SIDE = 8795, 64
SESSIONS, IDLE_S, DRAIN_S = 2, 10.0, 20.0
LIMIT_S, WARM, SETTLE_S = 180.0, 20, 3.0
PARTS = ("short", "growth", "update", "proxy", "held")


@dataclass
class Rig:
    """A fleet, and who is on air with it."""

    plan: FleetPlan
    address: ServerAddress
    config: StreamConfig
    hosts: list[Host] = field(default_factory=list)

    def host(self) -> Host:
        """One more host, which nobody has drawn for yet."""
        self.hosts.append(Host(self.address, self.config, moving_clip(SIDE, SIDE)))
        return self.hosts[-1]

    def play(self, over: Callable[[], bool], within_s: float = LIMIT_S) -> float:
        """Feed all of them until it is over; how long that took, s.

        Raises:
            SystemExit: it took too long.
        """
        began_s = time.monotonic()
        play(self.hosts, within_s, over)
        if not over():
            raise SystemExit(f"Nothing came of it within {within_s:g} s: {[host.shown for host in self.hosts]}")
        return time.monotonic() - began_s

    def leave(self, *hosts: Host) -> None:
        for host in hosts or tuple(self.hosts):
            host.link.close()
            self.hosts.remove(host)


def main() -> None:
    options = _options()
    rows: dict[str, Any] = {}
    with _fleet() as rig:
        for part in filter(options.only.__contains__, PARTS):
            if part == "short":
                rows[part] = short(rig, options.lines)
            elif part == "growth":
                rows[part] = growth(rig)
            elif part == "update":
                rows[part] = update(rig)
            elif part == "proxy":
                rows[part] = proxy(rig)
            else:
                rows[part] = held(rig, options.held)
            rig.leave()
    print(json.dumps({"size": f"{SIDE}x{SIDE}", "sessions": SESSIONS, "drain_s": DRAIN_S, "idle_s": IDLE_S, **rows}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS))
    parser.add_argument("--lines", type=int, default=200, help="short ones, one after another")
    parser.add_argument("--held", type=float, default=20.0, help="seconds of the long one")
    return parser.parse_args()


@contextlib.contextmanager
def _fleet() -> Iterator[Rig]:
    folder = Path(tempfile.mkdtemp())
    os.environ["STREAMV2V_CONFIG"] = str(folder / "host" / "settings.toml")
    config = StreamConfig(model="embedded", width=SIDE, height=SIDE, slots=1, device="cpu")
    plan = plan_for(
        config, folder / "serve", most_replicas=2, sessions=SESSIONS, threads=1, idle_s=IDLE_S, drain_s=DRAIN_S
    )
    fleet = Fleet(plan, host="127.0.0.1", port=PORT)
    address = ServerAddress("127.0.0.1", PORT)
    try:
        pair(address, fleet.code.open(), known_servers(), name="measuring")
        yield Rig(plan.shared_out(0), address, config)
    finally:
        fleet.stop()


def growth(rig: Rig) -> dict[str, float]:
    """The replica's sessions are taken and one more host comes; then all but one leave."""
    here = [rig.host() for _ in range(SESSIONS)]
    rig.play(lambda: all(host.shown > 5 for host in here))
    for host in here:
        host.forget()
    late = rig.host()
    figures = {"waited_s": rig.play(lambda: late.shown > 0), "others_longest_s": max(host.longest_s for host in here)}
    rig.leave(late, *here[1:])
    here[0].forget()
    figures["one_again_s"] = rig.play(_seldom(lambda: (_replicas("RUNNING"), _replicas("STOPPING")) == (1, 0)))
    figures |= {"stayed_longest_s": here[0].longest_s, "stayed_lines": here[0].begun}
    print(
        "one host more than a replica takes is drawn after {waited_s:.1f} s (the others' longest pause "
        "{others_longest_s:.1f} s); two left, one replica again after {one_again_s:.1f} s (who stayed: longest pause "
        "{stayed_longest_s:.1f} s, {stayed_lines} line)".format(**figures)
    )
    return figures


def update(rig: Rig) -> dict[str, float]:
    """The same fleet is deployed anew with somebody on air."""
    from ray import serve  # pyright: ignore[reportMissingImports]
    from streamv2v_cam.engine.remote.fleet.application import NAME, application

    host = rig.host()
    rig.play(lambda: host.shown > 5)
    host.forget()
    again = serve.RunTarget(application(rig.plan), name=NAME)
    serve.run_many([again], wait_for_ingress_deployment_creation=False, wait_for_applications_running=False)
    figures = {"replaced_s": rig.play(_seldom(lambda: _replicas("STOPPING") > 0))}
    new = rig.host()
    figures |= {"newcomer_s": rig.play(lambda: new.shown > 0), "longest_s": host.longest_s, "lines": host.begun}
    new.forget()
    figures["kept_s"] = rig.play(_seldom(lambda: _replicas("STOPPING") == 0))
    shown = host.shown
    rig.play(lambda: host.shown > shown + 5)
    figures |= {"moved_longest_s": host.longest_s, "moved_lines": host.begun, "newcomer_longest_s": new.longest_s}
    print(
        "update: the new replica is there after {replaced_s:.1f} s (who is on air: longest pause {longest_s:.1f} s, "
        "{lines} line); a newcomer is drawn after {newcomer_s:.1f} s; the old one ends {kept_s:.1f} s later, and its "
        "host is moved (longest pause {moved_longest_s:.1f} s, {moved_lines} lines; the newcomer's "
        "{newcomer_longest_s:.1f} s)".format(**figures)
    )
    return figures


def proxy(rig: Rig) -> dict[str, float]:
    """Serve's proxy is killed with one host on air."""
    host = rig.host()
    rig.play(lambda: host.shown > 5)
    host.forget()
    processes(KINDS["proxy"])[0].kill()
    shown = host.shown
    rig.play(lambda: host.begun > 1 and host.shown > shown + 5)
    free = asyncio.run(engines_had(rig.address, SIDE, SESSIONS)) + 1
    print(f"the proxy killed: who is on air waits {host.longest_s:.1f} s; seats then: {free} of {SESSIONS}")
    return {"longest_s": host.longest_s, "seats": free}


def held(rig: Rig, seconds: float) -> dict[str, Any]:
    """One host for a while."""
    host = rig.host()
    rig.play(lambda: host.shown > 5)
    before = sizes()
    host.forget()
    play(rig.hosts, seconds, lambda: False)
    after, fps = sizes(), host.shown / seconds
    print(
        f"one line for {seconds:g} s: {fps:.1f} pictures/s, longest pause {host.longest_s:.2f} s, lines: {host.begun}"
    )
    print_growth(before, after)
    return {
        "seconds": seconds,
        "fps": fps,
        "longest_s": host.longest_s,
        "lines": host.begun,
        "before": before,
        "after": after,
    }


def short(rig: Rig, lines: int) -> dict[str, Any]:
    """Lines one after another, and whether they leave anything behind."""
    asyncio.run(short_lines(rig.address, SIDE, WARM))
    time.sleep(SETTLE_S)
    before, began_s = sizes(), time.monotonic()
    refused = asyncio.run(short_lines(rig.address, SIDE, lines))
    seconds = time.monotonic() - began_s
    time.sleep(SETTLE_S)
    after = sizes()
    free = asyncio.run(engines_had(rig.address, SIDE, SESSIONS + 1))
    print(f"{lines} short lines in {seconds:.0f} s, {refused} refused; seats free after them: {free} of {SESSIONS}")
    print_growth(before, after)
    return {"seconds": seconds, "refused": refused, "free": free, "before": before, "after": after}


def _replicas(state: str) -> int:
    """Of the engine, in that state, as Serve counts them."""
    from ray import serve  # pyright: ignore[reportMissingImports]
    from streamv2v_cam.engine.remote.fleet.application import NAME

    states = serve.status().applications[NAME].deployments["Engine"].replica_states
    return sum(count for name, count in states.items() if name == state)


def _seldom(question: Callable[[], bool]) -> Callable[[], bool]:
    """The question, put twice a second; between, the last answer."""
    asked_s, answer = 0.0, False

    def ask() -> bool:
        nonlocal asked_s, answer
        if time.monotonic() - asked_s > 0.5:
            asked_s, answer = time.monotonic(), question()
        return answer

    return ask


if __name__ == "__main__":
    main()
