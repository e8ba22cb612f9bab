"""Where compiled code is kept between two starts, and whether this machine can compile at all."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

_COMPILER_LIMIT_S = 60.0


def compiler_missing(device: torch.device) -> str:
    """Why nothing can be compiled for `device` here, one line; "" where it can.

    On a CPU a C++ compiler is asked to make a library, since one that is there may still lack its headers.
    """
    if device.type == "cuda":
        from torch.utils._triton import has_triton

        return "" if has_triton() else "Triton, which compiles for this GPU, is not installed or does not know it"
    if device.type != "cpu":
        return f"compiling is not offered on {device.type}"
    from torch._inductor import cpp_builder

    try:
        compiler = cpp_builder.get_cpp_compiler()
    except Exception as error:  # each platform has its own kind
        return f"no C++ compiler was found ({' '.join(str(error).split())[:120]}); install one (g++, clang or MSVC)"
    return _try_compiler(compiler)


def use_cache(folder: str | Path | None) -> str:
    """From now on keep compiled code in `folder`, apart for each version of torch; call it before compiling.

    Returns:
        why that cannot be, one line, and then compiled code lasts as long as the process; "" where it can.
    """
    if folder is None:
        return ""
    place = Path(folder) / f"torch-{torch.__version__}-python-{sys.version_info.major}.{sys.version_info.minor}"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place):
            pass
    except OSError as error:
        reason = error.strerror or error
        return f"compiled code cannot be kept in {place} ({reason}), so it is made anew at every start"
    # both are read at each compilation; programs on the GPU have a cache of their own
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(place)
    os.environ["TRITON_CACHE_DIR"] = str(place / "triton")
    return ""


def _try_compiler(compiler: str) -> str:
    source = "#include <cmath>\n#include <vector>\nint answer() { return std::vector<int>{41}.front() + 1; }\n"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "probe.cpp").write_text(source)
        is_msvc = Path(compiler).stem.lower() == "cl"
        flags = ["/LD", "/nologo"] if is_msvc else ["-shared", "-fPIC", "-o", "probe.so"]
        try:
            done = subprocess.run(
                [compiler, "probe.cpp", *flags],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=_COMPILER_LIMIT_S,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            return f"the C++ compiler {compiler} does not start ({error})"
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        return f"the C++ compiler {compiler} does not work ({lines[0][:160] if lines else 'it says nothing'})"
    return ""
