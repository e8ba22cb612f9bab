"""The process that compiles, seen from the engine: start it, hear what it says, end it.

Nothing of the engine is imported here: what the child runs is `precompile.py` or `preconvert.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..config import StreamConfig


class CompilingChild:
    """The child: iterate for what it says, one dictionary for each beginning and each end of a part.

    {"begun": part}, then {"part", "eager_ms", "compiled_ms", "deviation"} or {"part", "failed": reason}.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def __iter__(self) -> Iterator[dict[str, Any]]:
        assert self._process.stdout is not None
        return map(json.loads, self._process.stdout)

    def kill(self) -> None:
        """End it, from any thread; who iterates then comes to an end."""
        self._process.kill()


@contextlib.contextmanager
def compiling_child(
    config: StreamConfig,
    parts: Sequence[str] | Mapping[str, Any],
    *,
    threads: int,
    niceness: int,
    entry: str = "precompile",
) -> Iterator[CompilingChild]:
    """Start the child, so far back behind this process (POSIX nice, 0..19); on leaving it is ended.

    It ends by itself when this process does.

    Args:
        parts: what it works on; for "preconvert" with the folder of each.
        entry: the module of the library whose `main` it runs.
    """
    child = subprocess.Popen(
        [sys.executable, "-c", f"from streamv2v.{entry} import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place)},
    )
    assert child.stdin is not None and child.stdout is not None
    try:
        held = parts if isinstance(parts, Mapping) else tuple(parts)
        orders = pickle.dumps((config, held, threads, niceness))
        child.stdin.write(len(orders).to_bytes(8, "little") + orders)
        child.stdin.flush()
        yield CompilingChild(child)
    finally:
        with contextlib.suppress(OSError):
            child.stdin.close()
        child.kill()
        child.wait()
        child.stdout.close()


def one_line(error: BaseException) -> str:
    """An error for people."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
