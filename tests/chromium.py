"""Which Chromium the browser tests drive, and how it is started."""

import os
import shutil
from pathlib import Path
from typing import Final

CACHE: Final = Path(__file__).parents[1] / ".cache" / "chromium"
UNPACKED: Final = CACHE / "chromium"
"""The starter that tests/install_chromium.py writes for the unpacked npm package."""

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")

ARGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Containers give 64 MB of /dev/shm, or none that may be written.
    "--disable-dev-shm-usage",
)


class ChromiumMissingError(Exception):
    """There is no Chromium on this machine yet."""


def find_chromium() -> Path | None:
    """The named one (CHROMIUM), else the unpacked, else the machine's.

    One is unpacked only where the machine's own did not start.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        return Path(named)
    if UNPACKED.exists():
        return UNPACKED
    paths = (shutil.which(name) for name in NAMES)
    return next((Path(path) for path in paths if path), None)


def chromium_path() -> Path:
    """The Chromium to start.

    Raises:
        ChromiumMissingError: none was found; `make setup` installs one.
    """
    found = find_chromium()
    if found is None:
        raise ChromiumMissingError(
            "No Chromium found: run `python tests/install_chromium.py`, "
            "or name one in CHROMIUM."
        )
    return found
