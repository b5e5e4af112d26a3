"""The folder that holds all state of one installation: its paths, lock and secrets."""

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from liveinsight.errors import ConfigError

OWNER_ONLY: Final = 0o600
OWNER_ONLY_DIR: Final = 0o700


class DataDir:
    """The paths below DIR; the folder is made, for its owner alone."""

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            root.mkdir(parents=True, exist_ok=True, mode=OWNER_ONLY_DIR)
            self.secrets.mkdir(exist_ok=True, mode=OWNER_ONLY_DIR)
        except OSError as error:
            raise ConfigError(
                f"cannot make the data folder {root}: {error.strerror}"
            ) from error

    @property
    def inbox(self) -> Path:
        """The durable inbox (SQLite)."""
        return self.root / "inbox.sqlite3"

    @property
    def archive(self) -> Path:
        """The folder of closed inbox ranges."""
        return self.root / "archive"

    @property
    def warehouse(self) -> Path:
        """The warehouse (DuckDB)."""
        return self.root / "warehouse.duckdb"

    @property
    def exports(self) -> Path:
        """The folder of parts of exports under way."""
        return self.root / "exports"

    @property
    def imports(self) -> Path:
        """The folder of how far each import has come."""
        return self.root / "imports"

    @property
    def app(self) -> Path:
        """Sites, accounts and keys (SQLite)."""
        return self.root / "app.sqlite3"

    @property
    def stack(self) -> Path:
        """Which stack on AWS the folder shows; there only if it shows one."""
        return self.root / "stack.json"

    @property
    def secrets(self) -> Path:
        """The folder of what only the owner may read."""
        return self.root / "secrets"

    @property
    def control_address(self) -> Path:
        """Where the running server takes the command line's requests."""
        return self.secrets / "server.json"

    def secret(self, name: str) -> str:
        """The secret of that name, 64 hex digits; drawn at the first call."""
        path = self.secrets / name
        with suppress(FileExistsError):
            write_owner_only(path, secrets.token_hex(32))
        text = path.read_text().strip()
        if len(text) < 64:
            raise ConfigError(f"{path} is damaged; remove it to draw a new secret")
        return text

    def lock(self) -> int:
        """Takes the folder for this process; returns the open lock.

        The lock ends with the process, however it ends.

        Raises:
            ConfigError: another process has it.
        """
        lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, OWNER_ONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 20, 0).decode().strip() or "unknown"
            os.close(lock)
            raise ConfigError(
                f"another LiveInsight (process {holder}) is using {self.root}; "
                "stop it, or choose another folder with --data"
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        return lock


def write_owner_only(path: Path, text: str) -> None:
    """Makes the file in one step, never readable by others; raises if it is there."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
    with os.fdopen(opened, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)
    finally:
        draft.unlink()


def find_folder(root: Path) -> DataDir:
    """The folder that is there: a new one answers 0, and "nothing" to an erasure.

    Raises:
        ConfigError: it is not there.
    """
    if not root.is_dir():
        raise ConfigError(f"there is no data folder {root}: say which by --data")
    return DataDir(root)
