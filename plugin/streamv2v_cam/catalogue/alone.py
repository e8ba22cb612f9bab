"""One at a time: whoever fetches a model or takes it away, in this program or another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..errors import ModelRefused

WAIT_S = 0.1


@contextmanager
def alone(folder: Path, name: str) -> Iterator[None]:
    """While this holds, nobody else fetches or removes the model of that name in that folder.

    Raises:
        ModelRefused: somebody does already.
        OSError: the folder cannot be written.
    """
    from huggingface_hub.utils import WeakFileLock

    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        try:
            held.enter_context(WeakFileLock(folder / f".{name}.lock", timeout=WAIT_S))
        except TimeoutError:
            raise ModelRefused(
                f"The model {name} is being fetched already, by this program or another one. Pause that first."
            ) from None
        yield
