"""A share of one core for a process, by a control group where this user may make one."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

PERIOD_US: Final = 20_000
"""As Lambda's: with a longer one, short work would not feel the limit at all."""
_ROOT: Final = Path("/sys/fs/cgroup")


class Share(msgspec.Struct, frozen=True):
    """How a process is held to its share; `wrap` makes the command that does it."""

    name: str
    wrap: Callable[[list[str]], list[str]]
    is_real: bool


@contextmanager
def limited_to(share: float) -> Iterator[Share]:
    """Control group version 1, else 2, else nothing that limits."""
    quota = round(share * PERIOD_US)
    ways = (
        (
            "cgroup v1",
            _ROOT / "cpu",
            {"cpu.cfs_period_us": f"{PERIOD_US}", "cpu.cfs_quota_us": f"{quota}"},
        ),
        ("cgroup v2", _ROOT, {"cpu.max": f"{quota} {PERIOD_US}"}),
    )
    for name, parent, settings in ways:
        group = parent / f"liveinsight-bench-{os.getpid()}"
        if _make_group(group, settings):
            try:
                yield Share(name, _joining(group), is_real=True)
            finally:
                with suppress(OSError):
                    group.rmdir()
            return
    yield Share("no cgroup", lambda command: command, is_real=False)


def _make_group(group: Path, settings: dict[str, str]) -> bool:
    """Whether the group is there and limits."""
    try:
        group.mkdir()
    except OSError:
        return False
    try:
        for name, value in settings.items():
            if not (group / name).exists():
                raise FileNotFoundError(name)
            (group / name).write_text(value)
    except OSError:
        group.rmdir()
        return False
    return True


def _joining(group: Path) -> Callable[[list[str]], list[str]]:
    """Has a command's process join the group before it becomes the command."""
    script = f'echo $$ > "{group}/cgroup.procs" && exec "$@"'
    return lambda command: ["/bin/sh", "-c", script, "sh", *command]
