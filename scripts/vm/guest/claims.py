"""What a job claims, and whether it held: a line each on stderr, all of it as one line of JSON on stdout at the end."""

from __future__ import annotations

import json
import sys
from typing import Any

held: dict[str, bool] = {}


def claim(words: str, holds: object, seen: object = "") -> None:
    """Write down whether it holds, and what was seen where it does not; what is claimed twice must hold twice."""
    held[words] = held.get(words, True) and bool(holds)
    say(f"{'holds' if holds else 'FAILS'}: {words} {'' if holds else seen}")


def say(line: str) -> None:
    """One line for whoever watches."""
    print(line, file=sys.stderr, flush=True)


def verdict(**facts: Any) -> int:
    """Print the last line; returns the exit status."""
    passed = all(held.values())
    failed = [words for words, holds in held.items() if not holds]
    print(json.dumps({"passed": passed, "claims": len(held), "failed": failed, **facts}))
    return 0 if passed else 1
