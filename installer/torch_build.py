"""Which build of PyTorch this machine wants, and where each may be found.

One version, several builds: `2.13.0+cpu`, `2.13.0+cu126`, ... A build's exact name is asked for, so that no
index can answer with another one; an index that lacks it fails at once and the next place is tried.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass

PYTORCH_INDEX = "https://download.pytorch.org/whl/"

CU130_DRIVER = (580,)
CU126_DRIVER = (525,)
"""Least drivers (NVIDIA's CUDA release notes; 12.6 runs on any driver of CUDA 12 by its minor version promise)."""
CU130_CAPABILITY = (7, 5)
"""Builds of CUDA 13 leave out GPUs older than Turing; those of CUDA 12.6 still have Maxwell to Hopper."""
CU126_CAPABILITY_END = (10, 0)
"""Builds of CUDA 12.6 know nothing of Blackwell and later."""


@dataclass(frozen=True)
class NvidiaGpu:
    """What nvidia-smi says of the first GPU.

    Attributes:
        name: as sold.
        driver: version of the driver, as numbers.
        capability: compute capability, (0, 0) where the driver does not tell.
    """

    name: str
    driver: tuple[int, ...]
    capability: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Machine:
    """What decides the build.

    Attributes:
        system: "linux", "darwin" or "win32".
        architecture: "x86_64", "arm64", ... in small letters, as the system names it.
        gpu: the NVIDIA GPU, None where there is none or its driver does not answer.
    """

    system: str
    architecture: str
    gpu: NvidiaGpu | None = None


@dataclass(frozen=True)
class Attempt:
    """One place to get one build from.

    Attributes:
        requirement: exact requirement for pip.
        index_url: an index besides those pip is set up with; None for those alone.
        words: the attempt for people.
    """

    requirement: str
    index_url: str | None
    words: str


def look_at_machine() -> Machine:
    """The machine the installer runs on."""
    return Machine(sys.platform, platform.machine().lower(), find_nvidia_gpu())


def find_nvidia_gpu() -> NvidiaGpu | None:
    """The first NVIDIA GPU, None where there is none or its driver does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    for fields in ("driver_version,compute_cap,name", "driver_version,name"):
        try:
            answer = subprocess.run(
                [program, "--query-gpu=" + fields, "--format=csv,noheader"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
                timeout=30,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        lines = answer.stdout.decode("utf-8", "replace").splitlines()
        if answer.returncode == 0 and lines:
            return parse_nvidia_line(lines[0])
    return None


def parse_nvidia_line(line: str) -> NvidiaGpu | None:
    """Read "570.86.15, 8.9, NVIDIA GeForce RTX 4090"; the middle field may be missing on old drivers."""
    parts = [part.strip() for part in line.split(",")]
    if len(parts) == 2:
        parts.insert(1, "")
    if len(parts) < 3:
        return None
    driver = _numbers(parts[0])
    if not driver:
        return None
    capability = _numbers(parts[1])
    return NvidiaGpu(parts[2], driver, (capability[0], capability[1]) if len(capability) >= 2 else (0, 0))


def attempts_for(machine: Machine, version: str) -> list[Attempt]:
    """The builds of torch `version` to try on `machine`, best first; the last one is PyPI's own."""
    plain = "torch==" + version
    own = "the package index that pip is set up with"
    if machine.system == "darwin":
        return [Attempt(plain, None, "macOS build (CPU and Metal) from " + own)]
    build = cuda_build(machine.gpu)
    if build is not None:
        return [
            Attempt(f"{plain}+{build}", None, f"CUDA build {build} from {own}"),
            Attempt(f"{plain}+{build}", PYTORCH_INDEX + build, f"CUDA build {build} from PyTorch"),
            Attempt(plain, None, "the default build from " + own),
        ]
    if machine.system == "linux" and machine.architecture in ("x86_64", "amd64"):
        return [
            Attempt(plain + "+cpu", None, "CPU build from " + own),
            Attempt(plain + "+cpu", PYTORCH_INDEX + "cpu", "CPU build from PyTorch"),
            Attempt(plain, None, "PyPI's build, which brings CUDA libraries of several GB"),
        ]
    return [Attempt(plain, None, "CPU build from " + own)]


def describe(machine: Machine) -> str:
    """What the choice rests on, in words."""
    if machine.gpu is not None:
        return "{}, driver {}".format(machine.gpu.name, ".".join(map(str, machine.gpu.driver)))
    return "Apple GPU through Metal" if (machine.system, machine.architecture) == ("darwin", "arm64") else "CPU"


def cuda_build(gpu: NvidiaGpu | None) -> str | None:
    """Name of the CUDA build for `gpu`; None where only the CPU build runs (see `advice`)."""
    if gpu is None:
        return None
    known = gpu.capability > (0, 0)
    if gpu.driver >= CU130_DRIVER and (not known or gpu.capability >= CU130_CAPABILITY):
        return "cu130"
    if gpu.driver >= CU126_DRIVER and (not known or gpu.capability < CU126_CAPABILITY_END):
        return "cu126"
    return None


def advice(gpu: NvidiaGpu | None) -> str:
    """What the owner of `gpu` should do to have it used; empty where nothing is to be done."""
    if gpu is None or cuda_build(gpu) is not None:
        return ""
    least = CU130_DRIVER if gpu.capability >= CU126_CAPABILITY_END else CU126_DRIVER
    driver = ".".join(map(str, gpu.driver))
    return (
        f"{gpu.name} has driver {driver}, but {least[0]} or newer is needed; the CPU is used instead. "
        "Update the driver, then: installer remove, and repeat the command."
    )


def _numbers(text: str) -> tuple[int, ...]:
    pieces = text.split(".")
    return tuple(int(piece) for piece in pieces) if all(piece.isdigit() for piece in pieces) else ()
