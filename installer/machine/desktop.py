"""Linux desktops: the command's name, a user service of systemd, an entry in the menu."""

from __future__ import annotations

import os
from typing import Iterator
from urllib.parse import quote

from .actions import Afterwards, File, Link, Run
from .host import Host
from .journal import Journal
from .steps import MachineStep, Wishes, left_out, step

UNIT = "streamv2v-cam.service"
UNIT_TEXT = """\
# Written by the installer of streamv2v-cam.
[Unit]
Description=StreamV2V camera
Documentation=file://{docs}

[Service]
ExecStart={program} run --no-open
Restart=on-failure
RestartSec=2
# settings that cannot be used do not get better by another start
RestartPreventExitStatus=2
TimeoutStopSec=20

[Install]
WantedBy=default.target
"""
ENTRY_TEXT = """\
[Desktop Entry]
Type=Application
Name=StreamV2V Camera
Comment=Your webcam in any look you can describe
Exec={program} run
Icon=streamv2v-cam
Terminal=true
Categories=AudioVideo;Video;
"""


def steps(host: Host, wishes: Wishes) -> Iterator[MachineStep]:
    """Command, service, entry."""
    yield command(host, wishes)
    yield service(host, wishes)
    yield autostart(host, wishes)
    yield entry(host, wishes)


def command(host: Host, wishes: Wishes) -> MachineStep:
    """`streamv2v-cam` on the search path."""
    title = "the command streamv2v-cam"
    link = Link(os.path.join(host.home, ".local", "bin", "streamv2v-cam"), wishes.program)
    if not link.is_done(host) and not link.is_free(host, Journal(host)):
        return left_out("command", title, f"{link.name} is there already and leads elsewhere; it stays.")
    return step("command", title, [link], done=link.is_done(host))


def service(host: Host, wishes: Wishes) -> MachineStep:
    """A user service, which `systemctl --user start streamv2v-cam` starts."""
    title = "a user service of systemd"
    if not host.has("systemctl"):
        return left_out("service", title, "this system is not run by systemd.")
    name = os.path.join(_units(host), UNIT)
    docs = quote(wishes.program.partition("/.venv/")[0] + "/docs")
    text = UNIT_TEXT.format(program=_in_unit(wishes.program), docs=docs.replace("%", "%%"))
    reload = ["systemctl", "--user", "daemon-reload"]
    # taken back from the last to the first: a show that still runs is ended before its program goes
    stop = Afterwards(["systemctl", "--user", "stop", UNIT])
    actions = [Afterwards(reload), File(name, text), stop, Run(reload, may_fail=True)]
    return step("service", title, actions, done=host.read(name) == text)


def autostart(host: Host, wishes: Wishes) -> MachineStep:
    """The service at every login, where that was asked for: the camera's light is on then."""
    title = "start at login"
    if not host.has("systemctl"):
        return left_out("autostart", title, "this system is not run by systemd.")
    name = os.path.join(_units(host), "default.target.wants", UNIT)
    if not wishes.autostart and not host.exists(name):
        return left_out("autostart", title, "not asked for; installer install --autostart does it.")
    link = Link(name, os.path.join("..", UNIT))
    if not link.is_done(host) and not link.is_free(host, Journal(host)):
        return left_out("autostart", title, f"{name} is there already and leads elsewhere; it stays.")
    return step("autostart", title, [link], done=link.is_done(host))


def entry(host: Host, wishes: Wishes) -> MachineStep:
    """An entry in the menu, with its icon."""
    share = host.place("XDG_DATA_HOME", ".local", "share")
    name = os.path.join(share, "applications", "streamv2v-cam.desktop")
    icon = os.path.join(share, "icons", "hicolor", "scalable", "apps", "streamv2v-cam.svg")
    text = ENTRY_TEXT.format(program=_in_entry(wishes.program))
    with open(wishes.icon, encoding="utf-8") as stream:
        drawn = stream.read()
    done = host.read(name) == text and host.read(icon) == drawn
    return step("entry", "an entry in the menu", [File(name, text), File(icon, drawn)], done=done)


def _units(host: Host) -> str:
    return os.path.join(host.place("XDG_CONFIG_HOME", ".config"), "systemd", "user")


def _in_unit(word: str) -> str:
    """The program's place in systemd's command line, where % begins something, and $ in all words but the first."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    if not set(word) & set("\"'\\"):
        return f'"{escaped}"'
    # systemd refuses these letters in its first word, however they are written
    escaped = escaped.replace("$", "$$")
    return f'/usr/bin/env "{escaped}"'


def _in_entry(word: str) -> str:
    """A word of a desktop entry's command line."""
    for letter in '\\"`$':
        word = word.replace(letter, "\\\\" + letter if letter != "\\" else "\\\\\\\\")
    return '"' + word.replace("%", "%%") + '"'
