"""What of this machine is secret or private: gathered before a bundle is written, so that it can be taken out."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from streamv2v.config import EMBEDDED_MODEL

from .case import Case
from .given import given_texts, is_path, literals, own_words, unquoted
from .obsprivate import addresses_of_obs, secrets_of_obs
from .privatefiles import key_files, looks_files, servers_file, texts_of
from .redaction import PUBLIC_HOSTS, Redactor, leads_nowhere

SECRET_NAMES = re.compile(r"(?i)pass|secret|token|key|credential|auth|cookie|ticket")
NAMES_OF_FILES = re.compile(r"(?i)(_sock|_socket|_file|_path|_dir|_folder|xauthority)$")
PLACES = ("engine.remote", "obs.host", "obs.server")
"""Settings that are addresses without a kind before them, too."""
SHORTEST_TOKEN = 16
_SECTION = re.compile(r"^\s*\[+\s*([^\]\n]+?)\s*\]", re.MULTILINE)


def redactor_for(case: Case, *, with_prompts: bool = False, state: dict[str, Any] | None = None) -> Redactor:
    """A redactor that knows all of it.

    Args:
        case: the machine and its settings.
        with_prompts: prompts and names stay.
        state: what the running program says; its prompts are private as well.
    """
    private = [] if with_prompts else [*_written(case), *_of_state(state or {})]
    return Redactor(
        secrets=[*_keys(case), *_of_environment(case), *_addresses(case), *_server_of(state or {})],
        private=private,
        names=_names(case),
        home=str(case.machine.home),
        open_words=[*(node.label for node in case.machine.video_nodes()), *_models(case)],
    )


def _keys(case: Case) -> Iterator[str]:
    """Files that hold nothing else than a secret, the tokens of paired servers, and what OBS keeps secret."""
    for path in dict.fromkeys(key_files(case)):
        for text in texts_of(case, path):
            yield from text.splitlines()
    for text in texts_of(case, servers_file(case)):
        yield from (token for token in literals(text) if len(token) >= SHORTEST_TOKEN)
    yield from secrets_of_obs(case)


def _of_environment(case: Case) -> Iterator[str]:
    for name, value in case.machine.environment.items():
        if SECRET_NAMES.search(name) and not (is_path(value) and NAMES_OF_FILES.search(name)):
            yield value
        # the user and password of a proxy or an index
        for found in re.finditer(r"://([^/\s@]+)@", value):
            yield found[1]
            yield from found[1].split(":")


def _addresses(case: Case) -> Iterator[str]:
    """Every address of the settings, and each part of it that lets somebody in."""
    for name, address in given_texts(case):
        if "://" in address or name in PLACES:
            yield from parts_of(address)
    for address in addresses_of_obs(case):
        yield from parts_of(address)


def parts_of(address: str) -> Iterator[str]:
    """Whatever of an address is a secret where it stands by itself."""
    rest = address.partition("://")[2] or address
    # the last @, as in `media.names`: passwords hold slashes
    access, _, place = rest.rpartition("@")
    for part in (access, *access.partition(":"), *re.split(r"[:@/?#]", access)):
        yield from (part, unquote(part))
    host = re.split(r"[/?#]", place, maxsplit=1)[0]
    inside = place[len(host) :]
    name = host if host.count(":") > 1 and "]" not in host else re.sub(r":\d+$", "", host)
    open_host = name.lower() in PUBLIC_HOSTS or leads_nowhere(name)
    if not open_host:
        yield from (host, name.strip("[]"))
        # in its own network it is called by that alone
        yield from (first for first in name.split(".")[:1] if len(first) >= 6 and not first.isdigit())
    if access or inside.strip("/") or not open_host:
        yield from (address, rest)
    yield from (piece for piece in re.split(r"[/?#]", inside) if _may_be_a_key(piece))
    yield from re.findall(r"=([^&#/;]+)", inside)
    # how cheap cameras write it: user=admin_password=..._channel=1
    yield from re.findall(r"=([^&#/;_=]+)", inside)


def _may_be_a_key(piece: str) -> bool:
    """A short one may be an ordinary word; the address as a whole is gone in any case."""
    return len(piece) >= 12 or (len(piece) >= 6 and re.search(r"[A-Z0-9]", piece) is not None)


def _written(case: Case) -> Iterator[str]:
    """What the person wrote: prompts, looks, names of scenes and sources, and their files."""
    from ..looks import shipped_looks

    known = {look.name for look in shipped_looks(EMBEDDED_MODEL)} | {"localhost", "127.0.0.1"}
    yield from (word for word in own_words(case) if word not in known)
    for path in dict.fromkeys(looks_files(case)):
        for text in texts_of(case, path):
            yield from literals(text)
            yield from (word for word in unquoted(text) if word.strip("\"'") not in known)
            yield from (name for name in _SECTION.findall(text) if name not in known)


def _of_state(state: dict[str, Any]) -> Iterator[str]:
    controls = state.get("controls", {})
    yield from (str(controls.get(name) or "") for name in ("prompt", "negative_prompt"))
    yield from (str(text) for text, _ in controls.get("blend") or ())
    yield str(state.get("obs", {}).get("scene") or "")


def _server_of(state: dict[str, Any]) -> Iterator[str]:
    """The server of the engine, which may have been found by itself."""
    facts = state.get("air", {}).get("facts")
    if isinstance(facts, dict) and facts.get("server"):
        yield from parts_of(str(facts["server"]))


def _names(case: Case) -> Iterator[str]:
    given = case.machine.environment
    yield from (
        given.get(name, "") for name in ("USER", "LOGNAME", "USERNAME", "SUDO_USER", "HOSTNAME", "COMPUTERNAME")
    )
    yield case.machine.home.name
    if case.machine.root is None:
        yield socket.gethostname()
    yield case.machine.text("/etc/hostname") or ""


def _models(case: Case) -> Iterator[str]:
    if case.settings is not None and not is_path(case.settings.engine.model):
        yield case.settings.engine.model
