"""install, update, repair, remove: the environment and the machine around it, together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import FrozenSet, Iterator

from .console import Console
from .environment import Environment, Turn
from .errors import InstallError, UnfinishedError
from .machine import data, work
from .machine.host import Host
from .machine.person import home_folder, refuse_root_for_another
from .machine.steps import Wishes
from .steps import prepare, todo_lines

NO_ADDRESS = "http://127.0.0.1:8765/#token="
"""The dock's address where nothing is to be changed: its key is made by the program when it is first needed."""


def do_verb(verb: str, root: Path, console: Console, options: FrozenSet[str]) -> int:
    """Do one of the four verbs; returns the exit code.

    Raises:
        InstallError: it could not be done; what is done is kept, and repeating the command goes on from there.
    """
    refuse_root_for_another(os.environ, home_folder())
    environment = Environment(root)
    if verb == "remove":
        return _remove(environment, console, options)
    if "--dry-run" in options:
        for line in _dry_lines(verb, environment, options):
            print(line)
        return 0
    if verb == "update":
        _pull(root, console)
    if verb == "repair":
        _forget(environment)
    try:
        prepare(root, tests=False, console=console)
    except InstallError:
        if verb != "repair":
            raise
        # what pip could not mend in place is made anew as a whole
        console.say("note: the environment cannot be mended; it is made anew")
        with Turn(root):
            environment.remove()
        prepare(root, tests=False, console=console)
    return _install(environment, console, options)


def _install(environment: Environment, console: Console, options: FrozenSet[str]) -> int:
    host = Host(log=environment.log)
    with Turn(environment.root):
        key = os.path.abspath(_asked(environment, "token", "path"))
        made, folders = not host.exists(key), host.missing_folders(key)
        wishes = _wishes(environment, options, dock=_asked(environment, "token", "address"))
        data.note_key(host, key, made=made, missing=folders)
        failed = None
        try:
            missing = work.install(host, wishes, console, yes="--yes" in options)
        except UnfinishedError as error:
            failed, missing = error, error.missing
    for step in missing:
        console.say(f"left out: {step.title}: {step.reason}")
    console.say(f"{'Not all of it is set up' if failed else 'Set up'}. This is what the doctor says:")
    sys.stderr.flush()
    subprocess.call([str(environment.python), "-m", "streamv2v_cam", "doctor", "--quick"])
    if failed is not None:
        raise failed
    return 0


def _dry_lines(verb: str, environment: Environment, options: FrozenSet[str]) -> Iterator[str]:
    if verb == "update" and (environment.root / ".git").exists():
        yield f"run: git -C {environment.root} pull --ff-only"
    if verb == "repair":
        yield "look at every package of the environment again; make .venv anew if it still does not start"
    yield from todo_lines(environment, again=verb == "repair")
    yield from work.plan_lines(Host(), _wishes(environment, options, dock=NO_ADDRESS))


def _remove(environment: Environment, console: Console, options: FrozenSet[str]) -> int:
    host = Host(log=None)
    if "--dry-run" in options:
        for line in work.undo_lines(host):
            print(line)
        print(f"delete {environment.folder}" if environment.folder.exists() else f"there is no {environment.folder}")
        for folder in data.present(host):
            print(f"delete {folder}" if "--purge" in options else f"leave {folder} (--purge deletes it too)")
        return 0
    with Turn(environment.root):
        work.remove(host, console, yes="--yes" in options)
        removed = environment.remove()
        notes = data.delete(host) if "--purge" in options else []
    folder = environment.folder
    print(f"removed {folder}" if removed else f"there is no {folder}", file=sys.stderr)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    kept = data.present(host)
    if kept and "--purge" not in options:
        print(f"Your settings, looks and log stay: {', '.join(kept)} (remove --purge deletes them)", file=sys.stderr)
    return 0


def _wishes(environment: Environment, options: FrozenSet[str], *, dock: str) -> Wishes:
    program = environment.root / "plugin" / "streamv2v_cam"
    name = "streamv2v-cam.exe" if os.name == "nt" else "streamv2v-cam"
    return Wishes(
        program=str(environment.python.parent / name),
        icon=str(program / "control" / "page" / "icon.svg"),
        script=str(program / "obs" / "streamv2v.lua"),
        dock=dock,
        autostart="--autostart" in options,
    )


def _asked(environment: Environment, *command: str) -> str:
    """What the program prints.

    Raises:
        InstallError: its settings cannot be used.
    """
    asked = subprocess.run(
        [str(environment.python), "-m", "streamv2v_cam", *command],
        capture_output=True,
        check=False,
    )
    if asked.returncode != 0:
        said = asked.stderr.decode("utf-8", "replace").strip().splitlines() or ["it says nothing"]
        raise InstallError(f"The program does not tell its {command[-1]}: {said[-1]}")
    return asked.stdout.decode("utf-8", "replace").strip()


def _forget(environment: Environment) -> None:
    """Let every step of the environment be done again."""
    if environment.python.exists() and environment.works():
        environment.record({})


def _pull(root: Path, console: Console) -> None:
    """The newest commit of a git checkout; anything else is updated by unpacking a newer one over it.

    Raises:
        InstallError: git cannot go forward.
    """
    if not (root / ".git").exists():
        console.say("note: this is no git checkout; unpack a newer version here, then repeat the command")
        return
    try:
        pulled = subprocess.run(
            ["git", "-C", str(root), "pull", "--ff-only"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        raise InstallError(f"git could not be run: {error.strerror or error}") from None
    said = pulled.stdout.decode("utf-8", "replace").strip().splitlines() or [""]
    if pulled.returncode != 0:
        raise InstallError(f"git could not go forward: {said[-1]}. Nothing was changed.")
    console.say(said[-1])
