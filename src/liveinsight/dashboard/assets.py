"""The built scripts and styles by their plain names."""

import functools
import json
from pathlib import Path
from typing import Final

MANIFEST: Final = Path(__file__).parent / "static" / "build" / "manifest.json"


def asset_address(name: str) -> str:
    """The address of a built file; its name holds a hash of its content."""
    return f"/static/build/{read_manifest(built_at()).get(name, name)}"


def built_at() -> int:
    """When the front end was built, in ns; 0 where it was not."""
    try:
        return MANIFEST.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


@functools.lru_cache(maxsize=1)
def read_manifest(at: int) -> dict[str, str]:
    """Plain to built names, read again after a build."""
    if not at:
        return {}
    return dict(json.loads(MANIFEST.read_text(encoding="utf-8")))
