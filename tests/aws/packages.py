"""The functions' zip for this machine, made once a session."""

import platform
from pathlib import Path

import pytest

from liveinsight.aws.package import PACKING_PYTHON, Target, build

HOST = Target(
    "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64", PACKING_PYTHON
)


@pytest.fixture(scope="session")
def host_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip that this machine and Python can run."""
    return build(HOST, tmp_path_factory.mktemp("host-package")).path
