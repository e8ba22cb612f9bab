"""What can be seen to be wrong is said before an engine is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamv2v_cam.engine.asked import check_asked, check_device

from streamv2v.config import Lora, StreamConfig
from streamv2v.errors import ModelError


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "./nowhere"}, "nowhere"),
        ({"loras": (Lora("none.safetensors"),)}, "LoRA 'none.safetensors' was looked for"),
        ({"loras": (Lora(__file__),)}, "only .safetensors files"),
        ({"vae": "./nowhere"}, "VAE './nowhere' was looked for"),
    ],
)
def test_what_is_not_there_is_named(changes, words):
    with pytest.raises(ModelError, match=words):
        check_asked(StreamConfig(**{"model": "embedded", **changes}))


def test_what_may_be_there_is_left_to_the_engine():
    check_asked(StreamConfig(model="stabilityai/sd-turbo", vae="madebyollin/taesd", loras=(Lora("some/lora"),)))


@pytest.mark.parametrize(
    ("asked", "system", "node", "there"),
    [
        ("cuda", "linux", None, False),
        ("cuda:1", "linux", None, False),
        ("cuda", "linux", "nvidia0", True),
        ("cuda", "linux", "kfd", True),
        ("cuda", "linux", "dxg", True),
        ("cuda", "darwin", None, False),
        ("cuda", "win32", None, True),
        ("mps", "linux", None, False),
        ("mps", "darwin", None, True),
        ("cpu", "linux", None, True),
        ("auto", "linux", None, True),
    ],
)
def test_a_device_that_the_machine_cannot_have_is_refused(tmp_path: Path, asked, system, node, there):
    if node:
        (tmp_path / node).touch()
    if there:
        check_device(asked, system=system, devices=tmp_path)
    else:
        with pytest.raises(ModelError, match=r"this machine has none"):
            check_device(asked, system=system, devices=tmp_path)
