"""The processes of a fleet that runs below this one, and what they hold."""

from __future__ import annotations

import contextlib

import psutil

REPLICA = "ray::ServeReplica:streamv2v:Engine"
KINDS = {
    "proxy": "ray::ProxyActor",
    "replica": REPLICA,
    "controller": "ray::ServeController",
    "head": "gcs_server",
    "node": "raylet/raylet",
}
Sizes = dict[str, tuple[float, int, int]]
"""MiB of its own, open files, threads of each kind of process."""


def processes(name: str) -> list[psutil.Process]:
    """Those whose command has that name."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error, IndexError):
            found += [child] if name in child.cmdline()[0] else []
    return found


def sizes() -> Sizes:
    """Of all kinds, now."""
    found: Sizes = {}
    for kind, name in KINDS.items():
        running = processes(name)
        mib = sum(one.memory_full_info().uss for one in running) / 2**20
        found[kind] = mib, sum(one.num_fds() for one in running), sum(one.num_threads() for one in running)
    return found


def print_growth(before: Sizes, after: Sizes) -> None:
    """A table for people."""
    print("process    | MiB before | after | open files | after | threads | after")
    for kind, (mib, files, threads) in before.items():
        then = after[kind]
        print(f"{kind:10} | {mib:10.0f} | {then[0]:5.0f} | {files:10} | {then[1]:5} | {threads:7} | {then[2]}")
