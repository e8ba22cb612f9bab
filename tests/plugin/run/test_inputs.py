"""What a run refuses about its source before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamv2v_cam.errors import SinkError
from streamv2v_cam.run.inputs import refuse_one_file_as_both
from streamv2v_cam.settings.model import CaptureSettings


@pytest.mark.parametrize("ending", ["", "?loop"])
def test_the_file_that_is_played_is_not_recorded_over(tmp_path: Path, ending: str) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"")
    (tmp_path / "link.mp4").symlink_to(film)
    with pytest.raises(SinkError, match="the same file"):
        refuse_one_file_as_both(CaptureSettings(source=f"{film}{ending}"), ["null", str(tmp_path / "link.mp4")])
    refuse_one_file_as_both(CaptureSettings(source=f"{film}{ending}"), ["null", str(tmp_path / "other.mp4")])
