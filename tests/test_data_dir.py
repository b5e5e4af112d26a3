"""The data folder: its secrets, and one holder at a time."""

import os
from pathlib import Path

import pytest

from liveinsight.data_dir import DataDir
from liveinsight.errors import ConfigError


def test_the_folder_and_its_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "new" / "data")
    data.secret("django")
    for path in (data.root, data.secrets, data.secrets / "django"):
        assert path.stat().st_mode & 0o077 == 0


def test_a_secret_stays_what_it_is(tmp_path: Path) -> None:
    first = DataDir(tmp_path).secret("django")
    assert DataDir(tmp_path).secret("django") == first
    assert len(first) >= 50


def test_a_damaged_secret_is_said_and_not_used(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    (data.secrets / "django").touch()
    with pytest.raises(ConfigError, match="django is damaged"):
        data.secret("django")


def test_a_second_holder_is_told_who_is_first(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    held = data.lock()
    with pytest.raises(ConfigError, match=str(os.getpid())):
        data.lock()
    os.close(held)


def test_a_folder_that_was_let_go_can_be_held_again(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    os.close(data.lock())
    os.close(data.lock())


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="file/data"):
        DataDir(tmp_path / "file" / "data")
