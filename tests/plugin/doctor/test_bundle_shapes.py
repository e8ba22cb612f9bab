"""What looks like a secret goes from the log; ordinary lines beside it stay as they are."""

from __future__ import annotations

import time

import pytest
from streamv2v_cam.doctor.bundle import LOG_LIMIT_BYTES
from streamv2v_cam.doctor.redaction import Redactor

SECRETS = {
    "ran with --password hunter2x -v": "hunter2x",
    "ran with --token abcdefgh": "abcdefgh",
    "ran with --obs-password 'correct horse'": "horse",
    "the password is swordfish today": "swordfish",
    "sent password hunter2x to it": "hunter2x",
    "Authorization: Token 0a1b2c": "0a1b2c",
    "{'Authorization': 'ApiKey zz9', 'Host': 'a'}": "zz9",
    "Proxy-Authorization: NTLM TlRMTVNT": "TlRM",
    "Cookie: a=b; session=zzz": "zzz",
    "passphrase=correct horse battery": "horse",
    "passphrase=correct horse battery staple": "battery",
    "pwd=hunter": "hunter",
    "pin: 4711": "4711",
    "key=abcd": "abcd",
    "key: abcd1234": "abcd1234",
    "10.0.0.4/cam?user=a&pwd=hunter": "hunter",
    "stream abcd-1a2b-3c4d-5e6f-7g8h broke": "3c4d",
    "stream abcd-1a2b-3c4d-5e6f broke": "3c4d",
    "AIzaSyA1234567890abcdefghijk": "AIzaSy",
    "glpat-abcdefghij0123456789": "glpat",
    "SG.abcdefghij.klmnopqrstuv": "klmnop",
    "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs": "ZnCjm",
    "discord.com/api/webhooks/1234/abcDEF-x": "abcDEF",
    "typed K7QX 93MN PL4R there": "93MN",
    "typed K7QX–93MN–PL4R there": "93MN",
    "typed K7QX — 93MN — PL4R there": "93MN",
    "typed K7QX93MNPL4R there": "93MN",
    "typed k7qx93mnpl4r there": "93mn",
    "typed k7qx 93mn pl4r there": "93mn",
    "mail jo.doe2%40example.org came": "example.org",
    "mail jo.doe2@example.org. Then": "example.org",
    "lost 198.51.100.9.": "198.51",
    "server at 203.0.113.77. did not answer": "203.0",
    "peer...198.51.100.9: gone": "198.51",
    "198.51.100.9:8770. gone": "198.51",
    "lost 2003:e5::77.": "2003:",
    "addr:2003:e5::77 left": "2003:",
}


@pytest.mark.parametrize(("line", "secret"), SECRETS.items())
def test_what_looks_like_a_secret_goes(line: str, secret: str) -> None:
    text = Redactor().text(f"2026 INFO run: {line}\n2026 INFO pictures come")
    assert secret not in text and "(removed)" in text and text.endswith("\n2026 INFO pictures come")


@pytest.mark.parametrize(
    "line",
    [
        "key 3 was pressed, hotkey F5 as well",
        "keys: 3, key: F5, monkey: 4",
        "two chats are pinned, pinning memory, spinning: 3",
        "the password is refused; a token is missing",
        "the password was not accepted, password wrong",
        "opencv 4.10.0.84-1, torch 2.13.0+cpu, driver 550.54.14.",
        "commit 1a2b3c4d5e6f and 9f8e7d6c and 0123456789abcdef0123",
        "1280x720 at 29.97 fps, 1048576 bytes, 300 KiB, 12:34:56.789",
        "sd-turbo.safetensors and dpm-2m-sde-gpu.json and this-look-with-four-words.png",
        "look Watercolor 2 at strength 0.5",
        "took 25ms then 30ms more",
        "id 123e4567-e89b-12d3-a456-426614174000",
        "HTTP GET / 200, JPEG 4444, MJPG 1280",
        "formats YUYV MJPG H264, then NV12 YU12 GREY",
        "CUDA 12.4; RTX 4070 SUPER with 12 GiB",
        "[::1]:8765 and 127.0.0.1. and 192.168.1.20.",
        "Token indices sequence is longer (77 > 75)",
        "2026-11-29 17:05:00 run.models: sd-turbo is loaded",
    ],
)
def test_an_ordinary_line_stays(line: str) -> None:
    assert Redactor().log(line, with_quotes=True) == line


@pytest.mark.parametrize(
    "quoted",
    [
        "“a ”nude” duke”",
        "‘a nude duke’",
        "«a nude duke»",
        "»a nude duke«",
        "„a nude duke“",
        "‹a nude duke›",
        "„a nude”",
    ],
)
def test_a_prompt_goes_in_quotation_marks_of_every_kind(quoted: str) -> None:
    text = Redactor().log(f"look {quoted} is on\nnext line", with_quotes=False)
    assert "nude" not in text and "duke" not in text and text.endswith(" is on\nnext line")


def test_two_quotations_in_a_line_are_two() -> None:
    assert Redactor().log("“one” and «three»", with_quotes=False) == "“3 letters” and «5 letters»"


def test_a_known_word_goes_in_any_case_and_the_second_look_sees_it() -> None:
    redactor = Redactor(secrets=["FrontDoor.Example.net", "p%C3%A4ss/Wort9"])
    for way in (
        "frontdoor.example.NET",
        "FRONTDOOR.EXAMPLE.NET",
        "p%c3%a4ss%2fwort9",
        "Päss/WORT9",
        "P\\u00e4ss/Wort9",
    ):
        assert redactor.leaks(f"a {way} b") and redactor.text(f"a {way} b") == "a (removed) b"


def test_a_short_word_is_taken_out_of_no_other() -> None:
    redactor = Redactor(private=["Rain"])
    assert redactor.text("training a brain in the rain") == "training a brain in the (removed)"


def test_of_two_known_words_that_overlap_nothing_is_left() -> None:
    redactor = Redactor(private=["a nude duke", "duke of Hazzard"])
    assert redactor.text("so a nude duke of Hazzard.") == "so (removed)."


def test_a_big_log_with_many_known_words_is_cleaned_in_a_moment() -> None:
    redactor = Redactor(private=[f"private look number {number}" for number in range(300)])
    log = "2026-11-29 INFO run: a line of the usual kind, with numbers 12345\n" * (LOG_LIMIT_BYTES // 66)
    began_s = time.process_time()
    assert redactor.log(log, with_quotes=False) == log
    assert time.process_time() < began_s + 10
