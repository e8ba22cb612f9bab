"""pyvirtualcam, which writes our camera; on Windows and macOS the camera itself, OBS's (untried on real ones)."""

from __future__ import annotations

from collections.abc import Iterator

from .cameras import ask_probe
from .case import Case
from .finding import Finding, error, fine, warning

FILTER = r"HKLM\SOFTWARE\Classes\CLSID\{A3FCE0F5-3493-419F-958A-ABA1250EC20B}"
"""OBS's camera, as it registers itself with Windows."""
EXTENSION = "com.obsproject.obs-studio.mac-camera-extension"
WITHOUT = "The look is on the program's page and in files, and no other program can choose it as a camera."


def check(case: Case) -> Iterator[Finding]:
    """The writer, and what it writes to."""
    yield from _writer(case)
    if case.machine.system == "Windows":
        yield from _windows(case)
    elif case.machine.system == "Darwin":
        yield from _macos(case)


def _writer(case: Case) -> Iterator[Finding]:
    version = case.machine.version_of("pyvirtualcam")
    if version is None:
        yield error(
            "writer.missing", "pyvirtualcam is not installed.", WITHOUT, "Install it.", case.pip("install pyvirtualcam")
        )
        return
    if not case.deep:
        return
    told = ask_probe(case, "virtualcam")
    wanted = "v4l2loopback" if case.machine.system == "Linux" else "obs"
    if told is None or wanted not in told.get("backends", []):
        yield error(
            "writer.broken",
            f"pyvirtualcam {version} {'does not start' if told is None else f'cannot write to {wanted}'}.",
            WITHOUT,
            "Install it again.",
            case.pip("install --force-reinstall --no-deps pyvirtualcam"),
        )
    else:
        yield fine("writer.fine", f"pyvirtualcam {version} writes to {wanted}.")


def _windows(case: Case) -> Iterator[Finding]:
    answer = case.machine.ask("reg", "query", FILTER)
    if answer is not None and answer.code == 0:
        yield fine("obscamera.fine", "OBS's virtual camera is registered.")
        return
    yield error(
        "obscamera.missing",
        "OBS's virtual camera is not registered with Windows.",
        WITHOUT,
        "Install OBS Studio; if it is there, let its own script register the camera, as an administrator.",
        "winget install OBSProject.OBSStudio\n"
        r'"C:\Program Files\obs-studio\data\obs-plugins\win-dshow\virtualcam-install.bat"',
    )


def _macos(case: Case) -> Iterator[Finding]:
    answer = case.machine.ask("systemextensionsctl", "list")
    lines = [line for line in (answer.out if answer else "").splitlines() if EXTENSION in line]
    if any("activated enabled" in line for line in lines):
        yield fine("obscamera.fine", "OBS's camera extension is active.")
    elif lines:
        yield error(
            "obscamera.waiting",
            "OBS's camera extension is installed and waits for your consent.",
            WITHOUT,
            "Allow it under General > Login Items & Extensions > Camera Extensions; a restart may be needed.",
            "open 'x-apple.systempreferences:com.apple.LoginItems-Settings.extension'",
        )
    else:
        yield error(
            "obscamera.missing",
            "OBS's camera extension is not there.",
            WITHOUT,
            "Install OBS 30 or newer; in it press Start Virtual Camera, allow the extension, press Stop, and end OBS.",
            "brew install --cask obs && open -a OBS",
        )
    if case.settings is not None and (case.settings.publish.width, case.settings.publish.height) not in (
        (1280, 720),
        (1920, 1080),
    ):
        yield warning(
            "obscamera.size",
            f"The published size is {case.settings.publish.width}x{case.settings.publish.height}.",
            "OBS's camera on macOS is known to show other sizes than 1280x720 and 1920x1080 green or torn.",
            "Publish 1280x720.",
            case.with_config("streamv2v-cam config set publish.width 1280")
            + "\n"
            + case.with_config("streamv2v-cam config set publish.height 720"),
        )
