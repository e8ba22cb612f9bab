"""Two places for frames, two for pictures: the same code as on CUDA, in plain memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from streamv2v.device.host_transfer import Download, Upload, overwrite, sent

CPU = torch.device("cpu")


def grey(level: int, height: int = 4, width: int = 6) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def test_a_frame_stays_until_the_second_one_after_it() -> None:
    upload = Upload(CPU)
    first = upload.send(grey(1))
    second = upload.send(grey(2))
    assert (int(first.max()), int(second.max())) == (1, 2)
    third = upload.send(grey(3))
    assert third.data_ptr() == first.data_ptr() and int(second.max()) == 2


def test_frames_of_one_size_use_the_same_memory_and_another_size_takes_its_own() -> None:
    upload = Upload(CPU)
    places = {upload.send(grey(level)).data_ptr() for level in range(10)}
    assert len(places) == 2
    assert upload.send(grey(9, 8, 2)).shape == (8, 2, 3)


@pytest.mark.parametrize("view", [np.s_[::-1], np.s_[:, ::-1], np.s_[::2, ::3], np.s_[..., ::-1]])
def test_a_view_of_a_frame_is_taken_as_it_looks(view: object) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)[view]  # type: ignore[index]
    frame.flags.writeable = False
    assert np.array_equal(Upload(CPU).send(frame).numpy(), frame)


def test_a_picture_waits_in_its_place_while_the_next_one_is_made() -> None:
    levels = torch.zeros(4, 6, 3, dtype=torch.uint8)
    download = Download(levels)
    numbers = []
    for level in (1, 2):
        download.before_overwriting()
        levels.fill_(level)
        numbers.append(download.begin())
    assert [int(download.wait(number).max()) for number in numbers] == [1, 2]


def test_a_collected_picture_is_the_callers_own() -> None:
    levels = torch.ones(4, 6, 3, dtype=torch.uint8)
    download = Download(levels)
    picture = download.wait(download.begin())
    levels.fill_(9)
    for _ in range(2):
        download.begin()
    assert picture.max() == 1


def test_overwriting_keeps_the_address_and_the_format() -> None:
    target = torch.zeros(2, 3)
    address = target.data_ptr()
    overwrite(target, torch.arange(6, dtype=torch.float64).view(2, 3))
    assert target.data_ptr() == address and target.dtype == torch.float32
    assert target.flatten().tolist() == [0, 1, 2, 3, 4, 5]
    assert torch.equal(sent(target, CPU), target)
