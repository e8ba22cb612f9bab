"""macOS: an application to click, starting at login, OBS. Tested on recorded facts; untried on a real one."""

from __future__ import annotations

import os
import shlex
from typing import Iterator
from xml.sax.saxutils import escape

from . import desktop, obs
from .actions import File, Run
from .host import Host
from .steps import MachineStep, Wishes, left_out, step

EXTENSION = "com.obsproject.obs-studio.mac-camera-extension"
AGENT = "org.streamv2v.cam"
AGENT_TEXT = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key><string>{label}</string>
  <key>ProgramArguments</key>
  <array><string>{program}</string><string>run</string><string>--no-open</string></array>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
  <key>ThrottleInterval</key><integer>10</integer>
</dict>
</plist>
"""


def steps(host: Host, wishes: Wishes) -> Iterator[MachineStep]:
    """All of them, in order."""
    yield camera(host)
    yield desktop.command(host, wishes)
    yield application(host, wishes)
    yield autostart(host, wishes)
    yield from obs.steps(host, wishes)


def camera(host: Host) -> MachineStep:
    """OBS's camera extension, which only a person can allow."""
    title = "OBS's camera extension"
    lines = [line for line in (host.ask("systemextensionsctl", "list") or "").splitlines() if EXTENSION in line]
    if any("activated enabled" in line for line in lines):
        return step("camera", title, (), done=True)
    if not host.exists("/Applications/OBS.app"):
        return left_out("camera", title, "install OBS 30 or newer: brew install --cask obs; then repeat the command.")
    return left_out(
        "camera",
        title,
        "in OBS press Start Virtual Camera, allow the extension in System Settings, press Stop, and end OBS.",
    )


def application(host: Host, wishes: Wishes) -> MachineStep:
    """A file to click, in the person's Applications."""
    name = os.path.join(host.home, "Applications", "StreamV2V Camera.command")
    text = f"#!/bin/sh\nexec {shlex.quote(wishes.program)} run\n"
    return step("application", "an entry in Applications", [File(name, text, mode=0o755)], done=host.read(name) == text)


def autostart(host: Host, wishes: Wishes) -> MachineStep:
    """An agent of launchd, where that was asked for."""
    name = os.path.join(host.home, "Library", "LaunchAgents", f"{AGENT}.plist")
    if not wishes.autostart and not host.exists(name):
        return left_out("autostart", "start at login", "not asked for; installer install --autostart does it.")
    text = AGENT_TEXT.format(label=AGENT, program=escape(wishes.program))
    domain = f"gui/{host.ask('id', '-u') or '501'}"
    actions = [
        File(name, text),
        Run(
            ["launchctl", "bootstrap", domain, name], undo=["launchctl", "bootout", f"{domain}/{AGENT}"], may_fail=True
        ),
    ]
    return step("autostart", "start at login", actions, done=host.read(name) == text)
