"""What the model of a fleet is checked against: sessions in turns on this machine, on one copy of the weights."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from streamv2v_cam.engine.protocol import Ready
from streamv2v_cam.engine.remote.codec import coded
from streamv2v_cam.engine.remote.fleet.seat import Seat
from streamv2v_cam.engine.remote.fleet.seats import Seats
from streamv2v_cam.engine.remote.flight import FIRST
from streamv2v_cam.engine.worker_shared import SharedModel
from streamv2v_cam.frame import Frame
from streamv2v_cam.store import ControlStore

from streamv2v import Controls, StreamConfig

CAMERA_FPS = 30.0


def frame_seconds(model: SharedModel, config: StreamConfig, pictures: Sequence[Any], frames: int) -> float:
    """Median seconds of a frame of one engine that works without a pause."""
    engine = model.engine(config, lambda *_: None)
    took = []
    for number in range(frames):
        began_s = time.perf_counter()
        engine(pictures[number % len(pictures)], Controls())
        took.append(time.perf_counter() - began_s)
    engine.close()
    return statistics.median(took[frames // 5 :])


def rates(
    model: SharedModel, config: StreamConfig, pictures: Sequence[Any], sessions: int, seconds: float
) -> list[float]:
    """Styled pictures a second of each of so many sessions, fed as cameras do."""
    seats = Seats(lambda: model)
    try:
        open_ = [seats.start(config, ControlStore().current) for _ in range(sessions)]
        for seat in open_:
            _until_ready(seat)
        before = [seat.styled_sequence for seat in open_]
        began_s = time.monotonic()
        for number in _beats(began_s + seconds):
            for seat in open_:
                seat.feed(Frame(pictures[number % len(pictures)], number, 0.0))
        took_s = time.monotonic() - began_s
        return [(seat.styled_sequence - first) / took_s for seat, first in zip(open_, before, strict=True)]
    finally:
        seats.close()


def batched_ms(model: SharedModel, config: StreamConfig, rows: Sequence[int], calls: int) -> dict[int, float]:
    """Milliseconds of a row when the U-Net takes so many at a time: what drawing sessions together could gain."""
    import torch

    unet = model.components.unet
    tokens = model.components.text_encoder.config.max_position_embeddings
    found = {}
    for number in rows:
        latent = torch.randn(number, unet.config.in_channels, config.height // 8, config.width // 8)
        text = torch.randn(number, tokens, unet.config.cross_attention_dim)
        latent, text = (value.to(unet.device, unet.dtype) for value in (latent, text))
        took = []
        with torch.inference_mode():
            for _ in range(calls):
                began_s = time.perf_counter()
                unet(latent, 400, text).sample.float().sum().item()
                took.append(time.perf_counter() - began_s)
        found[number] = statistics.median(took[1:]) * 1000 / number
    return found


def picture_bytes(pictures: Sequence[Any], config: StreamConfig) -> float:
    """Mean bytes of those pictures as the line takes them at first."""
    import cv2

    sized = [cv2.resize(picture, (config.width, config.height)) for picture in pictures]
    return statistics.mean(len(coded(np.ascontiguousarray(picture), "jpeg", FIRST)) for picture in sized)


def _until_ready(seat: Seat) -> None:
    while not any(isinstance(message, Ready) for message in seat.hear(0.1)):
        if seat.over:
            raise RuntimeError("the engine failed")


def _beats(until_s: float) -> Iterator[int]:
    number, next_s = 0, time.monotonic()
    while time.monotonic() < until_s:
        yield number
        number += 1
        next_s += 1 / CAMERA_FPS
        time.sleep(max(0.0, next_s - time.monotonic()))
