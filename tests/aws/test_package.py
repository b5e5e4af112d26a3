"""The zip of the functions: what is in it, and that it is the same each time."""

import os
import stat
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from liveinsight.aws import package
from liveinsight.aws.package import (
    HANDLERS,
    PACKING_PYTHON,
    Target,
    build,
    fetch_wheels,
    find_modules,
)
from liveinsight.errors import DeployError
from tests.aws.packages import HOST

ELF_MACHINE = 18
MACHINES = {"arm64": 183, "x86_64": 62}
"""Source: ELF specification, e_machine."""


@pytest.fixture(scope="module")
def arm64(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The zip that is deployed, in most cases."""
    target = Target("arm64", "3.13")
    return zipfile.ZipFile(build(target, tmp_path_factory.mktemp("package")).path)


def test_every_native_library_is_of_the_targets_kind(arm64: zipfile.ZipFile) -> None:
    natives = [name for name in arm64.namelist() if name.endswith(".so")]
    kinds = {struct.unpack_from("<H", arm64.read(n), ELF_MACHINE)[0] for n in natives}
    assert len(natives) == 3
    assert kinds == {MACHINES["arm64"]}
    assert all("cpython-313" in n or "abi3" in n for n in natives)


def test_it_holds_the_functions_and_nothing_of_the_server(
    arm64: zipfile.ZipFile,
) -> None:
    names = set(arm64.namelist())
    handlers = {f"{handler.replace('.', '/')}.py" for handler in HANDLERS}
    assert handlers <= names
    assert {"liveinsight/collect/country.mmdb", "tzdata/zoneinfo/zone.tab"} <= names
    tops = {name.partition("/")[0].removesuffix(".py") for name in names}
    strangers = {"django", "duckdb", "click", "sqlglot", "uvicorn", "boto3", "botocore"}
    assert not tops & strangers
    for part in ("dashboard", "query", "cli", "tracker", "aws", "store/warehouse"):
        assert not [name for name in names if name.startswith(f"liveinsight/{part}")]


def test_the_licences_of_the_libraries_are_in_it(arm64: zipfile.ZipFile) -> None:
    licences = [name for name in arm64.namelist() if "licenses/" in name]
    owners = {name.partition(".dist-info")[0].partition("-")[0] for name in licences}
    assert {"msgspec", "maxminddb", "tzdata", "ua_parser_rs"} <= owners


def test_it_is_far_from_lambdas_limits(arm64: zipfile.ZipFile) -> None:
    assert sum(entry.file_size for entry in arm64.infolist()) < 30_000_000


def test_its_entries_tell_nothing_of_the_machine(arm64: zipfile.ZipFile) -> None:
    entries = arm64.infolist()
    assert [entry.filename for entry in entries] == sorted(arm64.namelist())
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {stat.S_IFREG | 0o644}
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}


def test_another_process_makes_the_same_bytes(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from liveinsight.aws.package import *; "
        "print(build(Target(*sys.argv[1:3]), Path(sys.argv[3])).sha256)"
    )
    digests = set()
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        run = subprocess.run(
            [sys.executable, "-c", program, HOST.architecture, HOST.python, folder],
            env=os.environ | {"PYTHONHASHSEED": seed, "TMPDIR": str(folder)},
            check=True,
            capture_output=True,
            text=True,
        )
        digests.add(run.stdout)
    assert len(digests) == 1


def test_byte_code_is_added_where_the_packing_python_is_the_functions(
    arm64: zipfile.ZipFile, host_package: Path
) -> None:
    compiled = [n for n in zipfile.ZipFile(host_package).namelist() if ".pyc" in n]
    assert all(PACKING_PYTHON.replace(".", "") in name for name in compiled)
    assert any("lambda_handler" in name for name in compiled)
    if PACKING_PYTHON != "3.13":
        assert not [name for name in arm64.namelist() if ".pyc" in name]


def test_modules_are_found_through_imports(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    (root / "deep").mkdir(parents=True)
    (root / "__init__.py").touch()
    (root / "deep" / "__init__.py").touch()
    (root / "door.py").write_text("import json\nfrom shop.deep import inner, NAME\n")
    (root / "deep" / "inner.py").write_text("def late():\n    import shop.other\n")
    (root / "other.py").write_text("import shop.door\n")
    (root / "unused.py").touch()
    found = {
        path.relative_to(root).as_posix() for path in find_modules(root, ["shop.door"])
    }
    parts = {"door.py", "other.py", "deep/inner.py"}
    assert found == parts | {"__init__.py", "deep/__init__.py"}


def test_a_missing_part_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "DATA", ("collect/nothing.mmdb",))
    with pytest.raises(DeployError, match=r"nothing\.mmdb is missing: install"):
        build(HOST, tmp_path)


def test_a_wheel_that_is_not_the_locked_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "lambda.txt"
    lock.write_text(f"tzdata==2026.6 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(package, "LOCK", lock)
    with pytest.raises(DeployError, match="pip cannot fetch"):
        fetch_wheels(HOST, tmp_path)
