"""Where the OBS password is kept, and who may read it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from streamv2v_cam.obs.errors import ObsError
from streamv2v_cam.obs.password import fallback_file, keep_password, read_password_file, stored_password
from streamv2v_cam.settings import LoadedSettings, load_settings

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes; its folders are the user's own")


@pytest.fixture(autouse=True)
def _no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """keyring's own backend for machines without one; nobody's keyring is touched."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    import keyring.core

    monkeypatch.setattr(keyring.core, "_keyring_backend", None)


def settings(folder: Path, **obs: str) -> LoadedSettings:
    path = folder / "settings.toml"
    path.touch()
    return load_settings({f"obs.{name}": value for name, value in obs.items()}, path)


@posix
def test_without_a_keyring_it_is_kept_in_a_file_that_only_its_owner_reads(tmp_path: Path):
    loaded = settings(tmp_path)
    assert stored_password(loaded) == ""
    assert keep_password(loaded, "hunter2") == str(fallback_file(loaded))
    assert fallback_file(loaded).stat().st_mode & 0o777 == 0o600
    assert stored_password(loaded) == "hunter2"
    keep_password(loaded, "hunter3")
    assert stored_password(loaded) == "hunter3"
    assert fallback_file(loaded).stat().st_mode & 0o777 == 0o600


@posix
def test_a_file_that_others_can_read_is_refused(tmp_path: Path):
    path = tmp_path / "password"
    path.write_text("hunter2")
    path.chmod(0o644)
    with pytest.raises(ObsError, match=f"chmod 600 {path}"):
        stored_password(settings(tmp_path, password_file=str(path)))
    keep_password(settings(tmp_path, password_file=str(path)), "hunter3")
    assert read_password_file(path) == "hunter3"


def test_a_named_file_that_is_not_there_is_said(tmp_path: Path):
    with pytest.raises(ObsError, match="there is no file"):
        stored_password(settings(tmp_path, password_file=str(tmp_path / "none")))


def test_the_keyring_comes_first_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import keyring
    from keyring.backend import KeyringBackend

    class Memory(KeyringBackend):
        priority = 1  # type: ignore[assignment]
        kept: dict[tuple[str, str], str] = {}

        def get_password(self, service: str, username: str) -> str | None:
            return self.kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            self.kept[service, username] = password

    monkeypatch.setattr(keyring.core, "_keyring_backend", Memory())
    loaded = settings(tmp_path)
    assert keep_password(loaded, "hunter2") == "the keyring"
    assert not fallback_file(loaded).exists()
    assert stored_password(loaded) == "hunter2"
