"""A line between two network namespaces with bandwidth, delay and loss: a netem of user space.

A kernel without sch_netem still has TUN devices. One stands in each namespace; a process in between passes every IP
packet on, later, at the line's rate, or not at all. What TCP makes of that (retransmission, congestion control) is the
kernel's own doing. Needs root on Linux.

    python -m lines.emulated 20 30 1        # Mbit/s, ms each way, % of packets lost: two shells to try it
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HOST, SERVER = "10.99.0.1", "10.99.0.2"
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_LARGEST_PACKET = 2048
QUEUE_S, LEAST_QUEUE = 0.1, 32
"""What waits before the line: so much of its rate, and at least so many packets; more is lost."""


@dataclass(frozen=True)
class LineKind:
    """What a line does to packets, in each direction.

    Attributes:
        name: for people.
        mbit: bandwidth, Mbit/s.
        delay_ms: each way.
        jitter_ms: more or less of it; packets stay in their order.
        loss: share of packets that are lost, 0..1.
    """

    name: str
    mbit: float
    delay_ms: float
    jitter_ms: float = 0.0
    loss: float = 0.0

    def __str__(self) -> str:
        jitter = f"±{self.jitter_ms:g}" if self.jitter_ms else ""
        return f"{self.name}: {self.mbit:g} Mbit/s, {self.delay_ms:g}{jitter} ms each way, {self.loss:.1%} lost"


def why_not() -> str:
    """Why no line can be emulated here; "" where it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    return "" if _run("ip", "netns", "list", check=False) == 0 else "`ip netns` does not work here"


@contextlib.contextmanager
def line(kind: LineKind, *, host: str = "sv2v-host", server: str = "sv2v-server") -> Iterator[tuple[str, str]]:
    """Two namespaces with that line between them, as `HOST` and `SERVER`; gives their names."""
    with contextlib.ExitStack() as stack:
        ends = [stack.enter_context(_end(name, own)) for name, own in ((host, HOST), (server, SERVER))]
        words = [str(one) for one in (kind.mbit, kind.delay_ms, kind.loss, kind.jitter_ms, *ends)]
        passing = subprocess.Popen([sys.executable, str(Path(__file__).resolve()), "pass", *words], pass_fds=ends)
        try:
            yield host, server
        finally:
            passing.terminate()
            passing.wait()


def within(namespace: str, command: Sequence[str]) -> list[str]:
    """The command that runs another one in a namespace."""
    return ["ip", "netns", "exec", namespace, *command]


@contextlib.contextmanager
def _end(namespace: str, address: str) -> Iterator[int]:
    """A namespace with one TUN device; gives the device's file."""
    device = f"tun{os.getpid()}"[:12]
    _run("ip", "netns", "add", namespace)
    file = os.open("/dev/net/tun", os.O_RDWR)
    try:
        fcntl.ioctl(file, _TUNSETIFF, struct.pack("16sH", device.encode(), _IFF_TUN | _IFF_NO_PI))
        _run("ip", "link", "set", device, "netns", namespace)
        inside = ("ip", "-n", namespace)
        _run(*inside, "addr", "add", f"{address}/24", "dev", device)
        _run(*inside, "link", "set", device, "up")
        _run(*inside, "link", "set", "lo", "up")
        yield file
    finally:
        os.close(file)
        _run("ip", "netns", "del", namespace, check=False)


def _run(*command: str, check: bool = True) -> int:
    return subprocess.run(command, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


class Direction:
    """Packets of one direction on their way.

    Args:
        kind: of the line.
        out: where they come out.
        dice: decides losses.
    """

    def __init__(self, kind: LineKind, out: int, dice: random.Random) -> None:
        self._kind, self._out, self._dice = kind, out, dice
        self._byte_s = 8 / (kind.mbit * 1e6)
        self._free_s = self._last_due_s = 0.0
        self._limit_s = max(QUEUE_S, LEAST_QUEUE * 1500 * self._byte_s)
        self._under_way: list[tuple[float, int, bytes]] = []
        self._count = 0

    def take(self, packet: bytes, now_s: float) -> None:
        """One goes in."""
        if self._dice.random() < self._kind.loss or self._free_s - now_s > self._limit_s:
            return
        self._free_s = max(self._free_s, now_s) + len(packet) * self._byte_s
        jitter_ms = self._dice.uniform(-self._kind.jitter_ms, self._kind.jitter_ms)
        due_s = max(self._last_due_s, self._free_s + (self._kind.delay_ms + jitter_ms) / 1000)
        self._last_due_s, self._count = due_s, self._count + 1
        heapq.heappush(self._under_way, (due_s, self._count, packet))

    def deliver(self, now_s: float) -> float:
        """Those that are due come out; returns when the next one is, or infinity."""
        while self._under_way and self._under_way[0][0] <= now_s:
            with contextlib.suppress(OSError):
                os.write(self._out, heapq.heappop(self._under_way)[2])
        return self._under_way[0][0] if self._under_way else float("inf")


def pass_on(kind: LineKind, host: int, server: int, *, seed: int = 1) -> None:
    """Pass packets on between two TUN devices, until this process is ended."""
    dice = random.Random(seed)
    ways = {host: Direction(kind, server, dice), server: Direction(kind, host, dice)}
    for file in ways:
        os.set_blocking(file, False)
    while True:
        next_s = min(way.deliver(time.monotonic()) for way in ways.values())
        ready, _, _ = select.select(list(ways), [], [], min(1.0, max(0.0, next_s - time.monotonic())))
        for file in ready:
            with contextlib.suppress(BlockingIOError):
                for _ in range(64):
                    ways[file].take(os.read(file, _LARGEST_PACKET), time.monotonic())


def main(words: Sequence[str]) -> None:
    """Pass on for `line`, or open a line to try."""
    if words[0] == "pass":
        mbit, delay_ms, loss, jitter_ms = map(float, words[1:5])
        pass_on(LineKind("", mbit, delay_ms, jitter_ms, loss), int(words[5]), int(words[6]))
    mbit, delay_ms, percent = map(float, words)
    with line(LineKind("a line", mbit, delay_ms, loss=percent / 100)) as (host, server):
        print(f"ip netns exec {host} ping {SERVER}\nip netns exec {server} ping {HOST}\nEnter ends it.")
        input()


if __name__ == "__main__":
    main(sys.argv[1:])
