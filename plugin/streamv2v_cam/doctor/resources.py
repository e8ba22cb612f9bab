"""Memory, disk, folders, clock and power: what every part of the program leans on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from .case import Case, quoted
from .finding import Finding, error, fine, note, warning

GB = 1000**3
LITTLE_DISK, NO_DISK = 3 * GB, GB // 5
LITTLE_SHARED = 64 << 20
BESIDE = 7 * GB // 10
"""What the host and the engine's libraries take beside the model: 175 and 460 MiB (docs/measurements.md)."""
COMPILERS = ("c++", "g++", "clang++", "cl")


def check(case: Case) -> Iterator[Finding]:
    """What there is, and whether it is enough."""
    yield from _memory(case)
    yield from _disk(case)
    yield from _shared_memory(case)
    yield from _clock(case)
    yield from _power(case)
    yield from _compiler(case)


def _memory(case: Case) -> Iterator[Finding]:
    told = case.machine.memory_bytes()
    if told is None:
        return
    total, free = told
    need = BESIDE + _of_the_model(case)
    words = f"{free / GB:.1f} of {total / GB:.1f} GB of memory are free"
    if case.deep and free < need:
        yield warning(
            "memory.little",
            f"{words}; the engine wants about {need / GB:.1f} GB.",
            "The program runs smaller than you asked, or the machine begins to stutter.",
            "Close other programs, or see what the engine needs and choose less.",
            "streamv2v-cam config memory",
        )
    else:
        yield fine("memory.fine", words + ".")


def _of_the_model(case: Case) -> int:
    if case.settings is None:
        return 0
    try:
        from ..engine.memory_needs import memory_needs

        needs, _ = memory_needs(case.settings.stream_config())
    except Exception:  # the model has findings of its own
        return 0
    return int(needs.total_bytes)


def folders(case: Case) -> dict[str, Path]:
    """What the program writes, and where."""
    from ..settings.loading import default_cache_folder, default_config_path
    from ..system.logs import log_path

    config = case.config or default_config_path()
    return {
        "settings": config.parent,
        "what was tried on this machine": Path(default_cache_folder()),
        "the log": log_path().parent,
    }


def _disk(case: Case) -> Iterator[Finding]:
    for what, folder in folders(case).items():
        if not case.machine.writable(folder):
            command = f"sudo chown -R $(id -un) {quoted(folder)}"
            if case.machine.system == "Windows":
                command = f'icacls "{folder}" /grant "%USERNAME%":F /T'
            yield error(
                "disk.closed",
                f"The folder for {what} cannot be written: {folder}.",
                "What belongs there is lost at the end of each run.",
                "Give the folder back to yourself.",
                command,
            )
    cache = folders(case)["what was tried on this machine"]
    free = case.machine.free_bytes(cache)
    if free is None:
        return
    words = f"{free / GB:.1f} GB are free on the disk of {cache}"
    show = "Get-PSDrive -PSProvider FileSystem" if case.machine.system == "Windows" else "df -h ~"
    if free < NO_DISK:
        yield error(
            "disk.full",
            words + ".",
            "Recordings break off, settings and looks cannot be saved.",
            "Make room; this shows how full each disk is.",
            show,
        )
    elif free < LITTLE_DISK:
        yield warning(
            "disk.little",
            words + ".",
            "A recording of an hour takes about 2 GB, another model 2 to 7 GB.",
            "Make room; this shows how full each disk is.",
            show,
        )
    else:
        yield fine("disk.fine", words + ".")


def _shared_memory(case: Case) -> Iterator[Finding]:
    if case.machine.system != "Linux" or not case.machine.exists("/dev/shm"):
        return
    free = case.machine.free_bytes(case.machine.path("/dev/shm"))
    if free is not None and free < LITTLE_SHARED:
        yield error(
            "memory.shared",
            f"Only {free >> 20} MiB of shared memory (/dev/shm) are free.",
            "Pictures cannot travel between the program and its engine.",
            "Give it more; in a container, start that with --shm-size=256m.",
            "sudo mount -o remount,size=256m /dev/shm",
        )


def _clock(case: Case) -> Iterator[Finding]:
    newest_s = max((path.stat().st_mtime for path in Path(__file__).parent.glob("*.py")), default=0.0)
    now_s = case.machine.now_s()
    set_clock = "w32tm /resync" if case.machine.system == "Windows" else "sudo sntp -sS time.apple.com"
    if case.machine.system == "Linux":
        set_clock = "sudo timedatectl set-ntp true"
    if now_s < newest_s - 86400:
        yield warning(
            "clock.wrong",
            f"The clock says {datetime.fromtimestamp(now_s, UTC):%Y-%m-%d}, before this program was here.",
            "Downloads are refused, since certificates seem not to be valid yet.",
            "Set the clock.",
            set_clock,
        )
        return
    told = case.machine.ask("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if case.machine.system == "Linux" and told is not None and told.code == 0 and told.out == "no":
        yield note(
            "clock.loose",
            "The clock is not set by the network.",
            "It may run away from other machines'; the program itself measures with another clock.",
            "Have it set by itself.",
            set_clock,
        )


def _power(case: Case) -> Iterator[Finding]:
    folder = "/sys/class/power_supply"
    kinds = {name: case.machine.text(f"{folder}/{name}/type") for name in case.machine.names(folder)}
    mains = [name for name, kind in kinds.items() if kind == "Mains"]
    if "Battery" not in kinds.values() or not mains:
        return
    if not any(case.machine.text(f"{folder}/{name}/online") == "1" for name in mains):
        yield note(
            "power.battery",
            "The machine runs on its battery.",
            "It is slower than it could be, so that the look is drawn less often.",
            "Plug it in, and choose the profile for performance.",
            "powerprofilesctl set performance",
        )


def _compiler(case: Case) -> Iterator[Finding]:
    build = (case.machine.version_of("torch") or "").partition("+")[2]
    if case.machine.system == "Darwin" or build.startswith("cu") or any(map(case.machine.has, COMPILERS)):
        return
    command = "sudo apt install g++"
    if case.machine.system == "Windows":
        command = "winget install Microsoft.VisualStudio.2022.BuildTools"
    yield note(
        "compiler.none",
        "There is no C++ compiler.",
        "Parts of the engine that OpenVINO does not speed up cannot be compiled for this processor, and stay slower.",
        "Install one; the next start uses it by itself.",
        command,
    )
