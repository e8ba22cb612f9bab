"""The graphics card, its driver, its memory, and whether PyTorch is the build that uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .case import Case
from .finding import Finding, error, fine, note, warning

NVIDIA, AMD, INTEL = "0x10de", "0x1002", "0x8086"
DISPLAY = "0x03"
"""First digits of the PCI class of everything that draws."""
LEAST_DRIVER = {"cu11": 450, "cu12": 525, "cu13": 580}
"""Least NVIDIA driver of a CUDA line (NVIDIA's release notes)."""
LITTLE_MIB = 1500
QUESTION = (
    "nvidia-smi",
    "--query-gpu=name,driver_version,memory.total,memory.free",
    "--format=csv,noheader,nounits",
)


@dataclass(frozen=True)
class Card:
    """An NVIDIA card, as its driver tells.

    Attributes:
        name: as sold.
        driver: its version.
        total_mib, free_mib: memory.
    """

    name: str
    driver: str
    total_mib: int
    free_mib: int


def check(case: Case) -> Iterator[Finding]:
    """What draws, and whether it can."""
    if case.machine.system == "Darwin":
        yield from _apple(case)
        return
    card = nvidia_card(case)
    makers = _makers(case)
    if card is not None:
        yield from _nvidia(case, card)
    elif NVIDIA in makers:
        yield from _without_driver(case)
    else:
        yield fine("gpu.none", "No NVIDIA card; the processor draws, which the model that is included is made for.")
    if AMD in makers and card is None:
        yield note(
            "gpu.amd",
            "There is a graphics card of AMD.",
            "It is not used: the program was not tried with AMD's build of PyTorch, and does not install it.",
            "Nothing has to be done; the processor draws.",
            "streamv2v-cam config memory",
        )


def nvidia_card(case: Case) -> Card | None:
    """The first NVIDIA card; None where there is none or its driver does not answer."""
    answer = case.machine.ask(*QUESTION)
    if answer is None or answer.code != 0:
        return None
    parts = [part.strip() for part in answer.out.splitlines()[0].split(",")] if answer.out else []
    if len(parts) < 4:
        return None
    name = ", ".join(parts[:-3])
    return Card(name, parts[-3], _whole(parts[-2]), _whole(parts[-1]))


def _nvidia(case: Case, card: Card) -> Iterator[Finding]:
    yield fine("gpu.nvidia", f"{card.name}, driver {card.driver}, {card.free_mib} of {card.total_mib} MiB free.")
    build = (case.machine.version_of("torch") or "").partition("+")[2]
    if build == "cpu":
        yield warning(
            "torch.cpu",
            f"PyTorch is the build for the processor, and there is an {card.name}.",
            "The card is not used, so that the look is drawn many times slower than it could be.",
            "Install the build for the card.",
            case.installer("repair"),
        )
    least = next((number for line, number in LEAST_DRIVER.items() if build.startswith(line)), 0)
    driver = _whole(card.driver.partition(".")[0])
    if least and driver and driver < least:
        yield error(
            "gpu.driver-old",
            f"Driver {card.driver} is too old for this build of PyTorch (+{build}), which needs {least} or newer.",
            "The engine cannot use the card.",
            "Update the driver and start the machine again; or take the build that fits the driver.",
            _driver_command(case) + "\n" + case.installer("repair"),
        )
    if card.free_mib < LITTLE_MIB and case.deep:
        yield warning(
            "gpu.full",
            f"Only {card.free_mib} MiB of the card's memory are free.",
            "The engine may have to run smaller than you asked, or not start.",
            "Close games and other programs that use the card; this shows which they are.",
            "nvidia-smi",
        )


def _without_driver(case: Case) -> Iterator[Finding]:
    nouveau = case.machine.exists("/sys/module/nouveau")
    why = "the open driver nouveau has it, which cannot compute" if nouveau else "its driver does not answer"
    yield warning(
        "gpu.no-driver",
        f"There is an NVIDIA card, and {why}.",
        "The processor draws instead, many times slower.",
        "Install NVIDIA's driver, start the machine again, then set up the program again.",
        _driver_command(case) + "\n" + case.installer("repair"),
    )


def _apple(case: Case) -> Iterator[Finding]:
    answer = case.machine.ask("uname", "-m")
    if answer is not None and answer.out == "arm64":
        yield fine("gpu.apple", "Apple graphics, used through Metal.")
    else:
        yield fine("gpu.none", "An Intel Mac; the processor draws, which the model that is included is made for.")


def _makers(case: Case) -> set[str]:
    """Makers of everything that draws, from the PCI bus of Linux."""
    folder = "/sys/bus/pci/devices"
    found = set()
    for name in case.machine.names(folder):
        if (case.machine.text(f"{folder}/{name}/class") or "").startswith(DISPLAY):
            found.add(case.machine.text(f"{folder}/{name}/vendor") or "")
    return found


def _driver_command(case: Case) -> str:
    if case.machine.system == "Windows":
        return "start https://www.nvidia.com/drivers"
    released = case.machine.text("/etc/os-release") or ""
    if re.search(r"^ID=ubuntu", released, re.MULTILINE):
        return "sudo ubuntu-drivers install"
    if re.search(r"^ID=debian", released, re.MULTILINE):
        return "sudo apt install nvidia-driver  # needs the sections contrib, non-free and non-free-firmware"
    return "xdg-open https://www.nvidia.com/drivers"


def _whole(text: str) -> int:
    found = re.match(r"\s*(\d+)", text)
    return int(found[1]) if found else 0
