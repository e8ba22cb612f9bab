"""Which build of PyTorch each machine is given."""

from __future__ import annotations

import pytest

from installer.torch_build import Machine, NvidiaGpu, advice, attempts_for, cuda_build, parse_nvidia_line


def requirements(machine: Machine) -> list[tuple[str, str]]:
    return [(item.requirement, (item.index_url or "").rpartition("/")[2]) for item in attempts_for(machine, "2.13.0")]


def test_a_linux_pc_without_gpu_gets_the_cpu_build_and_cuda_libraries_only_at_the_very_last() -> None:
    assert requirements(Machine("linux", "x86_64")) == [
        ("torch==2.13.0+cpu", ""),
        ("torch==2.13.0+cpu", "cpu"),
        ("torch==2.13.0", ""),
    ]


@pytest.mark.parametrize(
    "machine", [Machine("darwin", "arm64"), Machine("win32", "amd64"), Machine("linux", "aarch64")]
)
def test_where_pypi_has_the_right_build_nothing_else_is_asked(machine: Machine) -> None:
    assert requirements(machine) == [("torch==2.13.0", "")]


@pytest.mark.parametrize(
    ("line", "build"),
    [
        ("595.58.03, 9.0, NVIDIA H200", "cu130"),
        ("580.65.06, 12.0, NVIDIA GeForce RTX 5090", "cu130"),
        ("570.86.15, 8.9, NVIDIA GeForce RTX 4090", "cu126"),
        ("580.65.06, 6.1, NVIDIA GeForce GTX 1080", "cu126"),
        ("535.183.01, NVIDIA GeForce RTX 3060", "cu126"),
        ("570.86.15, 12.0, NVIDIA GeForce RTX 5090", None),
        ("470.256.02, 7.5, NVIDIA GeForce RTX 2060", None),
    ],
)
def test_the_driver_and_the_gpu_decide_the_cuda_build(line: str, build: str | None) -> None:
    gpu = parse_nvidia_line(line)
    assert gpu is not None
    assert cuda_build(gpu) == build
    assert bool(advice(gpu)) == (build is None)


def test_an_nvidia_machine_asks_the_own_index_before_pytorchs() -> None:
    gpu = NvidiaGpu("RTX 4090", (580, 65, 6), (8, 9))
    assert requirements(Machine("linux", "x86_64", gpu)) == [
        ("torch==2.13.0+cu130", ""),
        ("torch==2.13.0+cu130", "cu130"),
        ("torch==2.13.0", ""),
    ]


def test_a_driver_that_is_too_old_leads_to_the_cpu_build_and_to_advice() -> None:
    gpu = NvidiaGpu("GTX 980", (470, 256, 2), (5, 2))
    assert requirements(Machine("linux", "x86_64", gpu))[0] == ("torch==2.13.0+cpu", "")
    assert "525" in advice(gpu)


@pytest.mark.parametrize("line", ["", "NVIDIA-SMI has failed", "[N/A], 8.0, GPU"])
def test_an_answer_that_names_no_driver_is_no_gpu(line: str) -> None:
    assert parse_nvidia_line(line) is None
