"""Runs the installed command as a person does: another process, real files."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.waiting import PATIENCE_S

COMMAND: Final = str(Path(sys.executable).with_name("liveinsight"))


def run_command(
    *arguments: str | Path, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """What `liveinsight ARGUMENTS` printed, and its status."""
    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


def output_of(*arguments: str | Path, stdin: str = "") -> str:
    """What it printed; the command must succeed."""
    run = run_command(*arguments, stdin=stdin)
    assert run.returncode == 0, run.stderr
    return run.stdout
