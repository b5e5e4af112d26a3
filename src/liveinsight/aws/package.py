"""The functions' code as a zip: the same bytes wherever the same Python packs it.

It holds what the two handlers import, and the wheels of lambda.txt for the target;
boto3 is in the runtime. No compiler: any machine packs for any other. Only where the
target's Python is the packing one, its byte code is added: the functions cannot keep
it themselves, and each start would cost 70 ms more, of 250, for making it again.
"""

import ast
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final, Literal

import msgspec

import liveinsight
from liveinsight.errors import DeployError

HANDLERS: Final = (
    "liveinsight.collect.lambda_handler",
    "liveinsight.store.dynamodb.stream_handler",
)
DATA: Final = ("core/known_sources.tsv", "collect/country.mmdb")
LOCK: Final = Path(__file__).with_name("lambda.txt")

_TAGS: Final = {
    "arm64": ("manylinux_2_17_aarch64", "manylinux2014_aarch64"),
    "x86_64": ("manylinux_2_17_x86_64", "manylinux2014_x86_64"),
}
_ZONES: Final = "tzdata/zoneinfo/"
_ZONES_READ: Final = frozenset({_ZONES + "zone.tab", _ZONES + "tzdata.zi"})
_NOT_RUN: Final = frozenset({".pyi", ".typed", ".c", ".h"})

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_FILE_MODE: Final = 0o100644 << 16

Files = Mapping[str, bytes]
"""Content by path in the zip."""


PACKING_PYTHON: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
_MANAGED: Final = ("3.12", "3.13", "3.14")
"""Lambda's runtimes that will be kept up to date for years."""


class Target(msgspec.Struct, frozen=True):
    """Where the code will run; by default on the Python that packs it, if it can."""

    architecture: Literal["arm64", "x86_64"] = "arm64"
    python: str = PACKING_PYTHON if PACKING_PYTHON in _MANAGED else "3.13"

    @property
    def runtime(self) -> str:
        """As CloudFormation names it."""
        return f"python{self.python}"


class Package(msgspec.Struct, frozen=True):
    """A zip for Lambda; `sha256` (hexadecimal) names its content."""

    path: Path
    sha256: str


def build(target: Target, folder: Path) -> Package:
    """The zip for `target`, made in `folder`.

    Raises:
        DeployError: a wheel cannot be had, or the installed package lacks a part.
    """
    files = dict(code_files())
    with tempfile.TemporaryDirectory() as wheels:
        for wheel in fetch_wheels(target, Path(wheels)):
            files.update(wheel_files(wheel))
    if target.python == PACKING_PYTHON:
        files.update(compile_files(files))
    path = folder / f"liveinsight-{target.python}-{target.architecture}.zip"
    write_zip(files, path)
    return Package(path, hashlib.sha256(path.read_bytes()).hexdigest())


def code_files() -> Iterator[tuple[str, bytes]]:
    """Our own modules that the handlers need, and the data that they read.

    Raises:
        DeployError: the installed package lacks a part.
    """
    root = Path(liveinsight.__file__).parent
    handlers = [root.parent / f"{name.replace('.', '/')}.py" for name in HANDLERS]
    data = [root / name for name in DATA]
    for path in {*find_modules(root, HANDLERS), *handlers, *data}:
        try:
            yield f"liveinsight/{path.relative_to(root).as_posix()}", path.read_bytes()
        except OSError:
            sentence = f"{path} is missing: install liveinsight again"
            raise DeployError(sentence) from None


def find_modules(root: Path, names: Iterable[str]) -> set[Path]:
    """The files of modules of the package in `root`, and of all that they import."""
    found: set[Path] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        path = _file_of(root, name)
        if path is None or path in found:
            continue
        found.add(path)
        package = name.rpartition(".")[0]
        waiting += [package, *_imports_of(path)] if package else _imports_of(path)
    return found


def _file_of(root: Path, name: str) -> Path | None:
    """The file of a module; None if it is not ours, or no module but a name in one."""
    first, *rest = name.split(".")
    if first != root.name:
        return None
    path = root.joinpath(*rest)
    if path.is_dir():
        return path / "__init__.py"
    path = path.with_name(path.name + ".py")
    return path if path.is_file() else None


def _imports_of(path: Path) -> list[str]:
    """The modules, or names in them, that a file imports (no relative ones here)."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def fetch_wheels(target: Target, folder: Path) -> list[Path]:
    """The wheels of lambda.txt for `target`, checked by their hashes.

    Raises:
        DeployError: one cannot be had.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
    command += ["--disable-pip-version-check", "--no-input", "--require-hashes"]
    command += ["--only-binary=:all:", "--implementation=cp"]
    command += [f"--python-version={target.python}", f"--dest={folder}"]
    command += [f"--platform={tag}" for tag in _TAGS[target.architecture]]
    run = subprocess.run(  # noqa: S603 our own arguments
        [*command, "--requirement", str(LOCK)],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        lines = run.stderr.strip().splitlines() or ["pip says nothing"]
        sentence = f"pip cannot fetch the functions' libraries: {lines[-1]}"
        raise DeployError(sentence)
    return sorted(folder.glob("*.whl"))


def wheel_files(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """What of a wheel runs, with its licences; of tzdata only the lists of zones.

    Raises:
        DeployError: it is no wheel that can be read.
    """
    try:
        with zipfile.ZipFile(wheel) as content:
            for name in content.namelist():
                if _is_run(name):
                    yield name, content.read(name)
    except (OSError, zipfile.BadZipFile):
        raise DeployError(f"{wheel.name} cannot be read") from None


def _is_run(name: str) -> bool:
    path = PurePosixPath(name)
    if name.endswith("/") or path.suffix in _NOT_RUN or path.name == "RECORD":
        return False
    return not name.startswith(_ZONES) or name in _ZONES_READ or path.suffix == ".py"


def compile_files(files: Files) -> dict[str, bytes]:
    """The byte code of all Python files, as the Python that runs this makes it.

    In a process of its own: what is already loaded in one shows in its byte code.
    """
    with tempfile.TemporaryDirectory() as folder:
        sources = [name for name in sorted(files) if name.endswith(".py")]
        for name in sources:
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
        subprocess.run(  # noqa: S603 our own program
            [sys.executable, "-I", "-S", "-W", "ignore", "-c", _COMPILE],
            input="\n".join(sources),
            cwd=folder,
            text=True,
            check=True,
        )
        compiled = sorted(Path(folder).rglob("*.pyc"))
        return {
            path.relative_to(folder).as_posix(): path.read_bytes() for path in compiled
        }


_COMPILE: Final = """
import py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
for name in sys.stdin.read().splitlines():
    py_compile.compile(name, None, "/var/task/" + name, True, invalidation_mode=mode)
"""
"""The files have no times that could be compared, and never change."""


def write_zip(files: Files, path: Path) -> None:
    """A zip that depends on nothing but names and content: no times, owners, order.

    Not compressed, as compressors differ from machine to machine.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = _FILE_MODE
            archive.writestr(entry, files[name])
