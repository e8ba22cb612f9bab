"""Asking the hub for files: what may come instead of them, and the words for what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ..errors import ModelError

Warn = Callable[[str], None]
"""Takes one line of what was accepted with a loss."""
Files = TypeVar("Files")


@dataclass(frozen=True)
class Wish:
    """What is wanted of the hub, for its messages.

    Attributes:
        what: for people, "model" or "LoRA".
        name: as it was given.
        repository: that holds it, "owner/name".
        otherwise: what else a person can do, "give its file".
    """

    what: str
    name: str
    repository: str
    otherwise: str


def asked(
    wish: Wish, fetch: Callable[[], Files], *, kept: Callable[[], Files | None], offline: bool, warn: Warn
) -> Files:
    """What `fetch` brings; what is kept on this machine where it is offline or the hub cannot be asked.

    Args:
        fetch: asks the hub.
        kept: looks on this machine alone; None where not all of it is there.
        offline: only what is kept.
        warn: told that the hub could not be reached and what was kept is used.
    Raises:
        ModelError: it cannot be had; says what to do. Those of `fetch` and `kept` pass.
    """
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    if offline:
        if (found := kept()) is None:
            raise ModelError(
                f"The {wish.what} {wish.name} was looked for among the files already downloaded and is not there. "
                f"Run once with the network and without --offline, or {wish.otherwise}."
            )
        return found
    try:
        return fetch()
    except ModelError:
        raise
    except GatedRepoError:
        raise ModelError(
            f"The hub wants you to accept the terms of {wish.repository} first: open its page, accept, "
            "run 'hf auth login'."
        ) from None
    except RepositoryNotFoundError:
        raise ModelError(
            f"The hub has no {wish.what} {wish.repository!r} (or it is private), and there is no such file or folder "
            "here. Check the name."
        ) from None
    except Exception as error:  # the network library's errors have no common base with a stable name
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        if (found := kept()) is not None:
            warn(
                f"The hub could not be asked for the {wish.what} {wish.name} ({reason}): it is used as it was kept on "
                "this machine."
            )
            return found
        raise ModelError(
            f"The {wish.what} {wish.name} could not be fetched from the hub ({reason}). Check the network and free "
            f"disk space; what was fetched is kept and resumed. Without a network {wish.otherwise}."
        ) from None
