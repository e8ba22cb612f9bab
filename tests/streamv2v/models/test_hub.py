"""Models from a hub: a small real hub on the loopback interface, asked by a fresh process each time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from local_hub import COMMIT, LocalHub

from streamv2v import StreamConfig, load_components
from streamv2v.models.hub import hub_file

NAME = "someone/tiny-lcm"
PROGRAM = """
import json, sys
from streamv2v.errors import ModelError
from streamv2v.models.checks import check_folder
from streamv2v.models.hub import find_folder
said, warned = [], []
try:
    asked = json.loads(sys.argv[1])
    folder = find_folder(**asked, progress=lambda what, share: said.append([what, share]), warn=warned.append)
    check_folder(folder)
    print(json.dumps({"folder": str(folder), "said": said, "warned": warned}))
except ModelError as error:
    print(json.dumps({"error": str(error), "said": said}))
"""


def load(hub: LocalHub | None, cache: Path, **settings: Any) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {"HF_ENDPOINT": hub.address if hub else "http://127.0.0.1:9", "HF_HUB_DISABLE_TELEMETRY": "1"}
    arguments = json.dumps({"model": NAME, "cache_dir": str(cache), **settings})
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, arguments], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def repository(tiny_model: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model to add files to."""
    return Path(shutil.copytree(tiny_model, tmp_path / "repository"))


def test_a_hub_model_is_fetched_with_progress_then_found_offline(repository: Path, tmp_path: Path) -> None:
    (repository / "big-checkpoint.safetensors").write_bytes(b"x" * 1000)
    (repository / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"pickle")
    with LocalHub(repository, NAME) as hub:
        first = load(hub, tmp_path, revision="v1")
        assert (Path(first["folder"]) / "unet" / "diffusion_pytorch_model.safetensors").is_file(), first
        shares = [share for what, share in first["said"] if what.startswith(f"downloading {NAME} at v1") and share]
        assert shares and shares == sorted(shares) and shares[-1] == pytest.approx(1.0)
        files = {path for path, _ in hub.asked if "/resolve/" in path}
        assert not any(path.endswith((".bin", "big-checkpoint.safetensors")) for path in files)
        assert all(COMMIT in path or "/v1/" in path for path in files), "the revision is pinned"
    assert load(None, tmp_path, revision="v1", offline=True)["folder"] == first["folder"]
    assert not first["warned"]
    kept = load(None, tmp_path, revision="v1")
    assert kept["folder"] == first["folder"]
    (line,) = kept["warned"]
    assert line.startswith(f"The hub could not be asked for the model {NAME} at v1 (") and "\n" not in line
    next((Path(first["folder"]) / "unet").glob("*.safetensors")).unlink()
    assert "could not be fetched" in load(None, tmp_path, revision="v1")["error"]
    config = StreamConfig(model=str(repository), width=64, height=64, dtype="float32", device="cpu")
    assert load_components(config).facts["parameters"] > 10_000


def test_a_broken_download_is_resumed_where_it_stopped(repository: Path, tmp_path: Path) -> None:
    (repository / "unet" / "filler.json").write_bytes(b" " * 25_000_000)
    with LocalHub(repository, NAME) as hub:
        hub.cut_after = 15_000_000
        result = load(hub, tmp_path)
        if "error" in result:
            assert "what was fetched is kept" in result["error"]
            result = load(hub, tmp_path)
        assert "folder" in result, result
        resumed = [given for path, given in hub.asked if given and "filler" in path]
        assert any(not given.startswith("bytes=0-") for given in resumed), (
            "in pieces of 10 MB, as the client keeps them"
        )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model": "someone/else"}, "has no model 'someone/else'"),
        ({"revision": "v9"}, "no revision 'v9'"),
        ({"offline": True}, "already downloaded"),
    ],
)
def test_what_the_hub_does_not_have_is_said_in_words(
    tiny_model: Path, tmp_path: Path, settings: dict[str, Any], words: str
) -> None:
    with LocalHub(tiny_model, NAME) as hub:
        assert words in load(hub, tmp_path, **settings)["error"]


def test_a_hub_out_of_reach_says_what_to_do(tmp_path: Path) -> None:
    error = load(None, tmp_path)["error"]
    assert "could not be fetched" in error and "\n" not in error


def test_a_file_of_a_repository_is_owner_name_and_path_and_never_leads_out_of_it() -> None:
    assert hub_file("h94/IP-Adapter/models/a.safetensors") == ("h94/IP-Adapter", "models/a.safetensors")
    for other in (
        "h94/IP-Adapter",
        "./a/b/c.safetensors",
        "a/../b/c.safetensors",
        "/a/b/c.safetensors",
        "a/b//c.safetensors",
    ):
        assert hub_file(other) is None, other
