"""`pip install .` in a fresh environment gives a working command with its front end."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
PACKAGED: Final = (
    "liveinsight/collect/country.mmdb",
    "liveinsight/dashboard/locale/ko/LC_MESSAGES/django.mo",
    "liveinsight/dashboard/static/build/manifest.json",
    "liveinsight/aws/lambda.txt",
    "liveinsight/aws/template.yaml",
    "liveinsight/dashboard/templates/base.html",
    "liveinsight/store/migrations/001_events.sql",
    "liveinsight/tracker/build/liveinsight.js",
)
OFFLINE: Final = ("--no-deps", "--no-build-isolation", "--ignore-installed")

pytestmark = pytest.mark.install


def copy_of_the_sources(to: Path) -> Path:
    """What a clone has: neither node_modules nor anything built."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        source = ROOT / name
        if name and source.is_file():
            target = to / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    return to


def make_environment(at: Path) -> str:
    """A fresh environment with the locked dependencies; its python.

    They are those of the tests' own environment, seen through a .pth file: that
    pip can fetch them is what `make` itself has just shown.
    """
    venv.create(at, with_pip=True)
    python = at / "bin" / "python"
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.run(
        [python, "-c", ask], capture_output=True, text=True, check=True
    )
    mine = Path(pytest.__file__).parents[1]
    (Path(site.stdout.strip()) / "dependencies.pth").write_text(f"{mine}\n")
    return str(python)


def test_a_fresh_environment_gets_a_working_command_from_the_sources(
    tmp_path: Path,
) -> None:
    sources = copy_of_the_sources(tmp_path / "with a space" / "clone")
    python = make_environment(tmp_path / "environment")
    subprocess.run(
        [python, "-m", "pip", "install", "-q", *OFFLINE, "."],
        cwd=sources,
        check=True,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
    )
    command = Path(python).with_name("liveinsight")
    told = subprocess.run(
        [command, "--version"], capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("liveinsight, version ")
    where = "import liveinsight; print(liveinsight.__path__[0])"
    package = subprocess.run(
        [python, "-c", where], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    installed = Path(package.stdout.strip())
    assert installed.is_relative_to(tmp_path / "environment")
    missing = [name for name in PACKAGED if not (installed.parent / name).is_file()]
    assert missing == []


def test_a_source_archive_gives_the_same_package(tmp_path: Path) -> None:
    sources = copy_of_the_sources(tmp_path / "clone")
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path)]
    subprocess.run([*build, "-t", "sdist"], cwd=sources, check=True)
    archive = next(tmp_path.glob("liveinsight-*.tar.gz"))
    subprocess.run(["tar", "xzf", archive], cwd=tmp_path, check=True)
    unpacked = tmp_path / archive.name.removesuffix(".tar.gz")
    subprocess.run([*build, "-t", "wheel"], cwd=unpacked, check=True)
    wheel = next(tmp_path.glob("liveinsight-*.whl"))
    names = set(zipfile.ZipFile(wheel).namelist())
    assert set(PACKAGED) - names == set()
    assert not [name for name in names if name.startswith(("frontend", "tests"))]
