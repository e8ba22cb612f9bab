"""Browsers and call programs in a sandbox, which see no camera until they are allowed to."""

from __future__ import annotations

from collections.abc import Iterator

from .case import Case
from .finding import Finding, fine, warning

SNAPS = ("chromium", "firefox", "zoom-client", "discord", "teams-for-linux", "brave", "opera")
FLATPAKS = (
    "org.mozilla.firefox",
    "org.chromium.Chromium",
    "com.google.Chrome",
    "com.brave.Browser",
    "us.zoom.Zoom",
    "com.discordapp.Discord",
    "com.obsproject.Studio",
)


def check(case: Case) -> Iterator[Finding]:
    """Which of them may use a camera."""
    if case.machine.system != "Linux":
        return
    yield from _snaps(case)
    yield from _flatpaks(case)


def _snaps(case: Case) -> Iterator[Finding]:
    for name in SNAPS:
        if not case.machine.exists(f"/snap/{name}/current"):
            continue
        answer = case.machine.ask("snap", "connections", name)
        rows = [line.split() for line in (answer.out if answer else "").splitlines()]
        camera = next((row for row in rows if row and row[0] == "camera"), None)
        if camera is not None and len(camera) > 2 and camera[2] == "-":
            yield warning(
                "browser.snap",
                f"The snap {name} is not allowed to use cameras.",
                "It lists no camera, neither the real one nor ours.",
                "Allow it, then start it again.",
                f"sudo snap connect {name}:camera",
            )
        elif camera is not None:
            yield fine("browser.snap-fine", f"The snap {name} may use cameras.")


def _flatpaks(case: Case) -> Iterator[Finding]:
    answer = case.machine.ask("flatpak", "list", "--app", "--columns=application")
    installed = set(answer.out.split()) if answer is not None and answer.code == 0 else set()
    for name in FLATPAKS:
        if name not in installed:
            continue
        allowed = case.machine.ask("flatpak", "info", "--show-permissions", name)
        devices = next(
            (line for line in (allowed.out if allowed else "").splitlines() if line.startswith("devices=")), ""
        )
        if allowed is not None and allowed.code == 0 and "all" not in devices:
            yield warning(
                "browser.flatpak",
                f"The Flatpak {name} sees no video devices.",
                "It lists no virtual camera. (A real one may reach it through PipeWire.)",
                "Let it see devices, then start it again.",
                f"flatpak override --user --device=all {name}",
            )
        elif allowed is not None and allowed.code == 0:
            yield fine("browser.flatpak-fine", f"The Flatpak {name} sees video devices.")
