"""What was asked of the engine, looked at before one is started: what can be seen to be wrong costs no start."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from streamv2v.config import StreamConfig
from streamv2v.errors import ModelError
from streamv2v.models.checks import check_config
from streamv2v.models.ip_adapter_files import check_ip_adapter
from streamv2v.models.structure_files import check_structure
from streamv2v.models.weight_files import looking_at
from streamv2v.prompts.inversions import inversions_in

log = logging.getLogger(__name__)

DEVICES = Path("/dev")
_CARDS = ("nvidia*", "dxg", "kfd")
"""NVIDIA's, that of a Windows host, AMD's: what PyTorch calls cuda has one of these on Linux."""


def check_asked(config: StreamConfig) -> None:
    """See whether model, LoRAs, VAE, structure networks, IP-Adapter and device can be there.

    Raises:
        ModelError: one cannot; what was looked for and what to do.
    """
    with looking_at("what was asked for"):
        check_config(config)
        check_structure(config)
        check_ip_adapter(config)
        if config.embeddings is not None:
            for passed in inversions_in(config.embeddings)[1]:
                log.warning("Embedding passed over: %s.", passed)
    check_device(config.device)


def check_device(asked: str, *, system: str = sys.platform, devices: Path = DEVICES) -> None:
    """See whether a device of that kind can be in this machine.

    Raises:
        ModelError: it cannot.
    """
    kind = asked.partition(":")[0]
    missing = (kind == "mps" and system != "darwin") or (kind == "cuda" and system == "darwin")
    if kind == "cuda" and system == "linux":
        missing = not any(True for pattern in _CARDS for _ in devices.glob(pattern))
    if missing:
        raise ModelError(f"The device {asked!r} was asked for, but this machine has none. Choose 'auto' or 'cpu'.")
