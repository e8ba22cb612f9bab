"""Structure networks and adapters from a hub: a small real one on the loopback interface, asked by fresh processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from local_hub import LocalHub
from tiny import tiny_controlnet, tiny_unet
from tiny_references import save_ip_adapter

NAME = "someone/steering"
PROGRAM = """
import json, sys
from streamv2v import StreamConfig
from streamv2v.errors import ModelError
from streamv2v.steering import Structure
from streamv2v.models.ip_adapter_files import find_adapter
from streamv2v.models.structure_files import find
warned = []
asked = json.loads(sys.argv[1])
config = StreamConfig(structure=(Structure.parsed("someone/steering:canny"),), ip_adapter=asked.pop("adapter"), **asked)
try:
    network = find(config.structure[0], config, half=False, warn=warned.append)
    adapter = find_adapter(config, half=False, warn=warned.append)
    print(json.dumps({"paths": [str(network.path), str(adapter.path), str(adapter.encoder)], "warned": warned}))
except ModelError as error:
    print(json.dumps({"error": str(error)}))
"""


def find_both(hub: LocalHub | None, cache: Path, adapter: str, **settings: Any) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {"HF_ENDPOINT": hub.address if hub else "http://127.0.0.1:9", "HF_HUB_DISABLE_TELEMETRY": "1"}
    asked = json.dumps({"cache_dir": str(cache), "adapter": f"{NAME}/{adapter}", **settings})
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, asked], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that is a ControlNet, with an adapter and its encoder in a folder of it."""
    folder = tmp_path_factory.mktemp("repository")
    tiny_controlnet(tiny_unet()).save_pretrained(folder)
    save_ip_adapter(folder / "models", tiny_unet())
    (folder / "models" / "image_encoder" / "pytorch_model.bin").write_bytes(b"pickle")
    return folder


@pytest.mark.slow
def test_both_are_fetched_once_and_found_again_without_the_hub(repository: Path, tmp_path: Path) -> None:
    file = next((repository / "models").glob("*.safetensors")).relative_to(repository).as_posix()
    with LocalHub(repository, NAME) as hub:
        first = find_both(hub, tmp_path, file)
        assert [Path(path).name for path in first["paths"][1:]] == [Path(file).name, "image_encoder"], first
        assert not first["warned"]
        assert not any(path.endswith(".bin") for path, _ in hub.asked if "/resolve/" in path)
        lost = find_both(hub, tmp_path, "models/other.safetensors")
        assert "other.safetensors" in lost["error"]
    without = find_both(None, tmp_path, file)
    assert without["paths"] == first["paths"]
    told = zip(("structure network", "IP-Adapter"), without["warned"], strict=True)
    assert all(f"for the {what} {NAME}" in line for what, line in told)
    assert find_both(None, tmp_path, file, offline=True) == first
    nowhere = find_both(None, tmp_path / "new", file, offline=True)["error"]
    assert "was looked for among the files already downloaded" in nowhere
