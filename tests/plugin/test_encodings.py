"""Settings as other people's editors save them."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamv2v_cam.errors import SettingsError
from streamv2v_cam.settings import load_settings
from streamv2v_cam.settings.file import write_setting

TEXT = "[engine]\nslots = 3\n"


@pytest.mark.parametrize("raw", [TEXT.encode("utf-8-sig"), TEXT.replace("\n", "\r\n").encode("utf-8-sig")])
def test_notepads_byte_order_mark_and_line_ends_are_read_and_written_to(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(raw)
    assert load_settings({}, path).engine.slots == 3
    write_setting(path, "engine.slots", "4")
    assert load_settings({}, path).engine.slots == 4


def test_another_encoding_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(TEXT.encode("utf-16"))
    with pytest.raises(SettingsError, match="Save it as UTF-8"):
        load_settings({}, path)


def test_a_rate_may_be_a_fraction_or_short_for_one(tmp_path: Path) -> None:
    for value in ("30000/1001", "29.97"):
        assert load_settings({"publish.fps": value}, None).publish.fps == 30000 / 1001
