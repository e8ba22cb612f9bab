"""One way to ask the hub: what is kept comes instead of it, and each failure has its own words."""

from __future__ import annotations

import httpx
import pytest
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

from streamv2v.errors import ModelError
from streamv2v.models.asking import Wish, asked

WISH = Wish("LoRA", "nobody/thing/a.safetensors", "nobody/thing", "give its file")


def refused(kind: type[Exception]) -> Exception:
    request = httpx.Request("GET", "https://hub.invalid/api")
    return kind("no", response=httpx.Response(404, request=request))


def ask(outcome: Exception | str, kept: str | None = None, *, offline: bool = False) -> tuple[str, list[str]]:
    said: list[str] = []

    def fetch() -> str:
        assert not offline, "nobody asks the hub who is offline"
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return asked(WISH, fetch, kept=lambda: kept, offline=offline, warn=said.append), said


def test_what_the_hub_has_is_taken_and_nothing_said() -> None:
    assert ask("fresh", "kept") == ("fresh", [])


def test_who_is_offline_gets_what_is_kept_or_is_told_what_to_do() -> None:
    assert ask("fresh", "kept", offline=True) == ("kept", [])
    with pytest.raises(ModelError, match=r"was looked for among the files already downloaded .* or give its file"):
        ask("fresh", offline=True)


def test_a_hub_that_cannot_be_asked_is_a_warning_where_all_is_here_and_else_an_error() -> None:
    found, said = ask(OSError("no route\nto host"), "kept")
    assert found == "kept"
    assert said == [
        "The hub could not be asked for the LoRA nobody/thing/a.safetensors (no route to host): it is used as it was "
        "kept on this machine."
    ]
    with pytest.raises(ModelError, match=r"could not be fetched from the hub \(no route to host\)"):
        ask(OSError("no route to host"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refused(RepositoryNotFoundError), "The hub has no LoRA 'nobody/thing'"),
        (refused(GatedRepoError), "accept the terms of nobody/thing first"),
        (ModelError("no such file in it"), "no such file in it"),
    ],
)
def test_a_refusal_of_the_hub_is_final_and_nothing_kept_hides_it(error: Exception, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        ask(error, "kept")
