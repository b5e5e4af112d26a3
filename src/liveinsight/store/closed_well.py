"""Whether a warehouse's file was closed well: a note beside it of how it was left."""

from pathlib import Path


def was_closed_well(path: Path) -> bool:
    """Whether the file is as `close` left it; asked once, since opening changes it."""
    signed = path.with_name(f"{path.name}.closed")
    try:
        is_same = signed.read_text() == _signature(path)
    except OSError:
        is_same = False
    signed.unlink(missing_ok=True)
    return is_same and not path.with_name(f"{path.name}.wal").exists()


def sign(path: Path) -> None:
    """Notes how the file is, now that it is closed; not while it has a log."""
    if path.exists() and not path.with_name(f"{path.name}.wal").exists():
        path.with_name(f"{path.name}.closed").write_text(_signature(path))


def _signature(path: Path) -> str:
    state = path.stat()
    return f"{state.st_size} {state.st_mtime_ns}"
