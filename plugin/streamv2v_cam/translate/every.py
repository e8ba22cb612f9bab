"""Every N-th frame styled by the engine, the ones between moved there from both sides: N times as fast."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from ..errors import SettingsError
from ..frame import Pixels
from ..publish.motion import FlowSearch, Styled, look_between
from ..system.shrinking import shrunk

MOST = 30
"""Further apart two styled frames have little to do with one another, and the frames between wait in memory."""

Translate = Callable[[Iterable[Pixels]], Iterator[Pixels]]


def check_every(every: int) -> None:
    """Refuse a number of frames that makes no sense.

    Raises:
        SettingsError: it is not within 1 to 30.
    """
    if not 1 <= every <= MOST:
        raise SettingsError(f"--every {every}: a whole number from 1 (every frame is styled) to {MOST} was wanted.")


def styled_every(
    translate: Translate, frames: Iterable[Pixels], every: int, *, size: tuple[int, int], borrow: bool
) -> Iterator[Pixels]:
    """One picture for each frame, in order; the first, each `every`-th and the last are the engine's own.

    Args:
        translate: styles frames, one answer each in order; may take several before it answers.
        frames: RGB uint8 `[H, W, 3]`.
        every: 1 leaves all to the engine.
        size: width and height in the engine, px.
        borrow: whether anything but motion may be taken from the frames that are not styled.
    """
    if every == 1:
        yield from translate(frames)
        return
    waiting: deque[tuple[Pixels, bool]] = deque()
    search, before = FlowSearch(), None
    for look in translate(_keys(frames, every, size, waiting)):
        between: list[Pixels] = []
        camera, is_key = waiting.popleft()
        while not is_key:
            between.append(camera)
            camera, is_key = waiting.popleft()
        height, width = look.shape[:2]
        after = Styled(look, shrunk(camera, width, height))
        if before is not None:
            for number, missing in enumerate(between, 1):
                share = number / (len(between) + 1)
                yield look_between(search, shrunk(missing, width, height), before, after, share, borrow=borrow)
        yield look
        before = after


def _keys(
    frames: Iterable[Pixels], every: int, size: tuple[int, int], waiting: deque[tuple[Pixels, bool]]
) -> Iterator[Pixels]:
    """The frames that the engine gets; all of them, small, go into `waiting`, each with whether it is one of those."""
    held: Pixels | None = None  # a frame is the last only when none follows
    number = -1
    for frame in frames:
        if held is not None:
            waiting.append((shrunk(held, *size), number % every == 0))
            if number % every == 0:
                yield held
        held, number = frame, number + 1
    if held is not None:
        waiting.append((shrunk(held, *size), True))
        yield held
