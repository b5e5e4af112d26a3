"""The folder of all state: what is where in it, its secrets, and who holds it."""

import fcntl
import os
import secrets
from pathlib import Path
from typing import IO

import msgspec

from liveinsight.errors import ConfigError


class DataDir(msgspec.Struct, frozen=True):
    """The files under one folder; it and they are for their owner only."""

    root: Path

    @property
    def inbox(self) -> Path:
        """Every event that was acknowledged and is not in the archive yet."""
        return self.root / "inbox.sqlite3"

    @property
    def archive(self) -> Path:
        """Every older event, for good."""
        return self.root / "archive"

    @property
    def warehouse(self) -> Path:
        """Derived from inbox and archive."""
        return self.root / "warehouse.duckdb"

    @property
    def app(self) -> Path:
        """Accounts, sites and keys."""
        return self.root / "app.sqlite3"

    @property
    def secrets(self) -> Path:
        """One file per secret."""
        return self.root / "secrets"


def make_data_dir(root: Path) -> DataDir:
    """The folder, made if it is not there.

    Raises:
        ConfigError: it cannot be made, or not be written to.
    """
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        (root / "secrets").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"the data folder {root}: {error.strerror}") from None
    if not os.access(root, os.W_OK | os.X_OK):
        raise ConfigError(f"the data folder {root} cannot be written to")
    return DataDir(root)


def read_secret(data: DataDir, name: str) -> str:
    """The secret of this name; 256 random bits at the first call.

    Two processes that ask at once get the same: the file appears whole, and only once.
    """
    path = data.secrets / name
    if not path.exists():
        drawn = data.secrets / f".{name}.{os.getpid()}"
        with open(drawn, "w", opener=open_for_owner) as file:
            file.write(secrets.token_urlsafe(64))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(drawn, path)
        except FileExistsError:
            pass
        finally:
            drawn.unlink()
    return path.read_text()


def open_for_owner(path: str, flags: int) -> int:
    """An opener for `open`: nobody else may read what it creates."""
    return os.open(path, flags, mode=0o600)


def hold(data: DataDir) -> IO[str]:
    """Holds the folder for this process until the file that it returns is closed.

    The kernel lets go when the process dies, however it dies.

    Raises:
        ConfigError: another process holds it.
    """
    file = open(data.root / "lock", "a+", opener=open_for_owner)  # noqa: SIM115 (held)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise ConfigError(
            f"another LiveInsight (process {holder}) runs on {data.root}; "
            "stop it first, or choose another folder with --data"
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
