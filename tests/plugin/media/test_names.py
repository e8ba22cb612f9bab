"""Names of files and addresses, and what messages may repeat of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamv2v_cam.media.names import in_words, is_address, without_secrets
from streamv2v_cam.rates import as_rate, parsed_rate, rate_of
from streamv2v_cam.system.paths import home_path


def test_a_name_of_something_that_exists_is_a_file_whatever_it_is_called(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("http:").mkdir()
    Path("http://film.mp4").write_bytes(b"")
    assert not is_address("http://film.mp4")
    assert is_address("http://elsewhere/film.mp4")
    assert not is_address("talk:final.mp4") and not is_address("concat:a|b") and not is_address("data:text")


@given(
    user=st.text(min_size=1).filter(lambda text: "SECRET" not in text),
    path=st.from_regex(r"[a-z]{1,8}\.mp4", fullmatch=True),
)
def test_no_secret_of_an_address_is_repeated_whatever_characters_it_holds(user: str, path: str) -> None:
    # whatever stands before the last "@" is a password, slashes and question marks in it included
    shown = without_secrets(f"http://{user}:SECRET/?#x@camera.lan:554/{path}?key=SECRET#SECRET")
    assert shown in (f"http://camera.lan:554/{path}", "http://…")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://me:pw@camera.lan:554/live", "rtsp://camera.lan:554"),
        ("rtsp://cam:554/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp", "rtsp://cam:554"),
        ("rtsp://cam/user=admin&password=KEY&channel=1.sdp", "rtsp://cam"),
        ("http://cam/KEYKEY/video", "http://cam"),
        ("https://host/live/STREAMKEY", "https://host"),
        ("https://host/live/STREAMKEY.m3u8", "https://host"),
        ("rtmp://host/app/STREAMKEY", "rtmp://host"),
        ("srt://host:1?passphrase=KEY", "srt://host:1"),
        ("https://host/KEY/of/talk.mp4?sig=KEY", "https://host/…/talk.mp4"),
        ("https://host/f3a9c1d200b14e6f8a7b5c4d3e2f1a0b.mp4", "https://host"),
        ("https://host/talk.mp4?sig=abc@KEY", "https://…"),
        ("https://me:pa?ss@host/talk.mp4", "https://host/talk.mp4"),
        ("http://me:pw@[::1]:80/talk.mp4", "http://[::1]:80/talk.mp4"),
    ],
)
def test_the_key_in_the_path_of_an_address_is_not_repeated(address: str, shown: str) -> None:
    assert without_secrets(address) == shown


def test_an_address_that_is_mistyped_is_not_repeated() -> None:
    assert in_words("http:/me:pw@host/x") == "http:…" and in_words("rtsp:admin:pw@host") == "rtsp:…"


def test_a_plain_name_is_repeated_as_it_is() -> None:
    assert in_words("talk@home?.mp4") == "talk@home?.mp4"


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("29.97", "30000/1001"),
        ("23.976", "24000/1001"),
        ("59.94", "60000/1001"),
        ("30000/1001", "30000/1001"),
        ("30", "30"),
        ("12.5", "25/2"),
        ("29.9", "299/10"),
    ],
)
def test_the_rates_of_television_mean_their_fractions(text: str, rate: str) -> None:
    assert str(parsed_rate(text)) == rate
    assert as_rate(text) == float(parsed_rate(text))


def test_pictures_an_hour_apart_have_a_rate() -> None:
    assert rate_of(Fraction(1, 3600)) == Fraction(1, 3600)
    assert as_rate(-0.0) == 0


@pytest.mark.parametrize(
    "text", ["0", "-1", "nan", "inf", "1/0", "many", "", "1001", "1/2/3", "1e-300", "1e999999999", "1/1e99999999"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parsed_rate(text)


def test_the_home_of_nobody_is_a_name_like_any_other() -> None:
    assert home_path("~nobodyhere/x") == Path("~nobodyhere/x")
