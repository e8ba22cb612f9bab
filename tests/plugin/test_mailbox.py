"""The mailbox: one slot, the newest wins."""

from __future__ import annotations

import threading

from streamv2v_cam.mailbox import Mailbox


def test_the_newest_item_replaces_an_unread_one_and_is_counted() -> None:
    box = Mailbox[int]()
    for number in range(5):
        box.put(number)
    assert box.take() == 4
    assert box.dropped == 4


def test_an_item_is_taken_once_but_stays_the_latest() -> None:
    box = Mailbox[str]()
    box.put("picture")
    assert box.take() == "picture"
    assert box.take() is None
    assert box.latest == "picture"
    assert box.dropped == 0


def test_clear_forgets_the_unread_and_the_latest() -> None:
    box = Mailbox[int]()
    box.put(1)
    box.clear()
    assert box.latest is None and box.take() is None


def test_a_waiting_reader_is_woken_by_the_writer() -> None:
    box, got = Mailbox[int](), list[int | None]()
    reader = threading.Thread(target=lambda: got.append(box.take(timeout_s=30)))
    reader.start()
    box.put(7)
    reader.join(30)
    assert got == [7]


def test_readers_and_a_writer_lose_nothing_but_what_was_replaced() -> None:
    box, taken, total = Mailbox[int](), list[int](), 2000
    finished = threading.Event()

    def read() -> None:
        while not finished.is_set() or box.latest != (taken[-1] if taken else None):
            item = box.take(0.01)
            if item is not None:
                taken.append(item)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(total):
        box.put(number)
    finished.set()
    reader.join(30)
    assert taken == sorted(taken) and taken[-1] == total - 1
    assert len(taken) + box.dropped == total
