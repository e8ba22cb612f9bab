"""OBS Studio: found, new enough, its WebSocket server on, the password right, the hotkey script loaded."""

from __future__ import annotations

import configparser
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .cameras import ask_probe
from .case import Case, quoted
from .finding import Finding, fine, note, warning

LEAST, FULL = (28,), (30, 1)
SCRIPT = "streamv2v.lua"
FLATPAK = "com.obsproject.Studio"
ON = "In OBS: Tools > WebSocket Server Settings, tick Enable WebSocket server and Enable Authentication."
MANY_SKIPPED = 0.05


def check(case: Case) -> Iterator[Finding]:
    """What is there of OBS, from its files; what it says itself, where it runs."""
    version = _version(case)
    folder = obs_folder(case)
    if version is None and folder is None:
        yield note(
            "obs.none",
            "OBS Studio was not found.",
            "It is needed only for hotkeys, scenes and streaming"
            + (", and for the virtual camera on this system." if case.machine.system != "Linux" else "."),
            "Install it, if you want those.",
            _install(case),
        )
        return
    if version:
        yield from _new_enough(case, version)
    yield from _server(case, folder)
    if folder is not None:
        yield from _script(case, folder)
    yield from _speaks(case)
    yield from _wayland(case)


def obs_folder(case: Case) -> Path | None:
    """Where OBS keeps its settings; None where there are none. An empty folder stands back behind one that is not."""
    folders = obs_folders(case)
    return next((folder for folder in folders if case.machine.names(folder)), next(iter(folders), None))


def obs_folders(case: Case) -> list[Path]:
    """The same of every OBS on this machine: from a package, a Flatpak and a snap."""
    home, given = case.machine.home, case.machine.environment
    places = {
        "Linux": [
            Path(given.get("XDG_CONFIG_HOME") or home / ".config") / "obs-studio",
            home / ".config/obs-studio",
            home / ".var/app" / FLATPAK / "config/obs-studio",
            home / "snap/obs-studio/current/.config/obs-studio",
        ],
        "Darwin": [home / "Library/Application Support/obs-studio"],
        "Windows": [Path(given.get("APPDATA") or home / "AppData/Roaming") / "obs-studio"],
    }
    return [place for place in dict.fromkeys(places.get(case.machine.system, [])) if place.is_dir()]


def _version(case: Case) -> str | None:
    """The version that is installed; "" where one is and does not tell, None where none is."""
    machine = case.machine
    if machine.system == "Darwin":
        plist = machine.text("/Applications/OBS.app/Contents/Info.plist")
        found = re.search(r"CFBundleShortVersionString</key>\s*<string>([^<]+)", plist or "")
        return found[1] if found else None if plist is None else ""
    if machine.system == "Windows":
        place = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\OBS Studio"
        answer = machine.ask("reg", "query", place, "/v", "DisplayVersion")
        found = re.search(r"REG_SZ\s+(\S+)", answer.out) if answer is not None and answer.code == 0 else None
        return found[1] if found else None
    for command in (("obs", "--version"), ("flatpak", "info", FLATPAK)):
        answer = machine.ask(*command)
        found = re.search(r"(\d+\.\d+\.\d+)", answer.out) if answer is not None and answer.code == 0 else None
        if found:
            return found[1]
    return "" if machine.has("obs") else None


def _new_enough(case: Case, version: str) -> Iterator[Finding]:
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if case.machine.system == "Darwin" and numbers < (30,):
        yield warning(
            "obs.old",
            f"OBS {version} has no camera extension; macOS 13 and newer need that of OBS 30.",
            "There is no virtual camera.",
            "Update OBS.",
            _install(case),
        )
    elif numbers < LEAST:
        yield warning(
            "obs.old",
            f"OBS {version} is older than 28.",
            "Its WebSocket server speaks another language: hotkeys and scenes do not reach the program.",
            "Update OBS.",
            _install(case),
        )
    elif numbers < FULL:
        yield fine("obs.fine", f"OBS {version}; from 30.1 on hotkeys arrive a little sooner.")
    else:
        yield fine("obs.fine", f"OBS {version}.")


def server_settings(case: Case, folder: Path) -> dict[str, Any] | None:
    """enabled, authenticated, port of OBS's WebSocket server; None where OBS has not written them yet.

    The password is not among them.
    """
    try:
        told = json.loads(_written(case, folder / "plugin_config/obs-websocket/config.json"))
        return {
            "enabled": bool(told.get("server_enabled")),
            "authenticated": bool(told.get("auth_required", True)),
            "port": int(told.get("server_port") or 4455),
        }
    except (ValueError, AttributeError, TypeError):
        pass
    for name in ("user.ini", "global.ini"):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(_written(case, folder / name))
            section = parser["OBSWebSocket"]
            return {
                "enabled": section.getboolean("ServerEnabled", False),
                "authenticated": section.getboolean("AuthRequired", True),
                "port": section.getint("ServerPort", 4455),
            }
        except (ValueError, KeyError, configparser.Error):
            continue
    return None


def _written(case: Case, path: Path) -> str:
    return (case.machine.text(path) or "").removeprefix("\ufeff")


def _server(case: Case, folder: Path | None) -> Iterator[Finding]:
    told = server_settings(case, folder) if folder is not None else None
    if told is None or not told["enabled"]:
        yield note(
            "obs.server-off",
            "OBS's WebSocket server is switched off.",
            "Hotkeys, scenes and texts of OBS do not reach the program; its picture does.",
            ON + " Then give the program the password.",
            "streamv2v-cam obs password",
        )
        return
    if not told["authenticated"]:
        yield warning(
            "obs.open",
            "OBS's WebSocket server asks for no password, and listens to your whole network.",
            "Whoever is in it can switch your scenes, and start and stop your stream.",
            ON,
            "streamv2v-cam obs password",
        )
    wanted = case.settings.obs.port if case.settings is not None else 4455
    if told["port"] != wanted:
        yield warning(
            "obs.port",
            f"OBS's WebSocket server is at port {told['port']}; the program looks for it at {wanted}.",
            "They do not find each other.",
            "Tell the program the port.",
            case.with_config(f"streamv2v-cam config set obs.port {told['port']}"),
        )


def _script(case: Case, folder: Path) -> Iterator[Finding]:
    """Whether a scene collection has the Lua script, and whether it is still where that looks for it."""
    named = set()
    for collection in {name.removesuffix(".bak") for name in case.machine.names(folder / "basic/scenes")}:
        if collection.endswith(".json"):
            kept = folder / "basic/scenes" / collection
            # while OBS saves, and after it was ended at that, only the copy is there, which it reads itself then
            text = case.machine.text(kept) or case.machine.text(kept.with_name(f"{collection}.bak"))
            named |= set(re.findall(rf'"path"\s*:\s*"([^"]*{re.escape(SCRIPT)})"', text or ""))
    places = [place.replace("\\/", "/").replace("\\\\", "\\") for place in named]
    if not places:
        yield note(
            "obs.script",
            "No scene collection of OBS has the hotkey script.",
            "There are no hotkeys for looks, freeze and privacy.",
            "In OBS: Tools > Scripts > +, and choose the file that this prints.",
            "streamv2v-cam obs script",
        )
    elif not any(Path(place).is_file() for place in places):
        yield warning(
            "obs.script-gone",
            f"OBS looks for the hotkey script at {places[0]}, where it is not any more.",
            "There are no hotkeys for looks, freeze and privacy.",
            "In OBS: Tools > Scripts, remove the old line, and choose the file that this prints.",
            "streamv2v-cam obs script",
        )
    else:
        yield fine("obs.script", "OBS has the hotkey script.")


def _speaks(case: Case) -> Iterator[Finding]:
    if case.settings is None or not case.machine.answers(case.settings.obs.host, case.settings.obs.port):
        return
    if not case.deep:
        yield fine("obs.runs", f"OBS listens at port {case.settings.obs.port}.")
        return
    told = ask_probe(case, "obs", *([str(case.config)] if case.config else [])) or {"state": "unreachable"}
    if told["state"] == "connected":
        yield fine("obs.connected", f"OBS {told['version']} answers and accepts the password.")
        yield from _busy(told)
    elif told["state"] == "password":
        yield warning(
            "obs.password",
            "OBS does not accept the password that is kept.",
            "Hotkeys, scenes and texts of OBS do not reach the program.",
            "Copy it from OBS: Tools > WebSocket Server Settings > Show Connect Info.",
            "streamv2v-cam obs password",
        )
    elif told["state"] == "refused":
        yield warning(
            "obs.password-file",
            str(told.get("reason", "The password cannot be read.")),
            "Hotkeys, scenes and texts of OBS do not reach the program.",
            "Give the password anew.",
            "streamv2v-cam obs password",
        )
    else:
        yield warning(
            "obs.stranger",
            f"Something listens at port {case.settings.obs.port}, and does not answer as OBS does.",
            "Hotkeys, scenes and texts of OBS do not reach the program.",
            "If OBS has just started, wait for it. Else give OBS another port, and tell the program.",
            case.with_config("streamv2v-cam config set obs.port 4456"),
        )


def _busy(told: dict[str, Any]) -> Iterator[Finding]:
    skipped, total = told.get("skipped") or (0, 0)
    if total and skipped / total > MANY_SKIPPED:
        yield warning(
            "obs.skips",
            f"OBS has left out {100 * skipped / total:.0f} % of its pictures.",
            "The machine is too busy for OBS and the look together: the stream stutters.",
            "Draw smaller or less often, so that OBS has room.",
            "streamv2v-cam run --engine-size 256x144",
        )


def _wayland(case: Case) -> Iterator[Finding]:
    given = case.machine.environment
    if case.machine.system == "Linux" and (given.get("XDG_SESSION_TYPE") == "wayland" or given.get("WAYLAND_DISPLAY")):
        yield note(
            "obs.wayland",
            "The desktop is Wayland, where OBS has no custom browser docks.",
            "The page cannot be a dock of OBS; in a browser beside it, it works.",
            "Open the page in a browser, or start OBS through XWayland.",
            "QT_QPA_PLATFORM=xcb obs",
        )


def _install(case: Case) -> str:
    if case.machine.system == "Windows":
        return "winget install OBSProject.OBSStudio"
    if case.machine.system == "Darwin":
        return "brew install --cask obs"
    return (
        f"flatpak install flathub {quoted(FLATPAK)}" if case.machine.has("flatpak") else "sudo apt install obs-studio"
    )
