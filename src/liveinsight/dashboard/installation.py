"""This installation's own names, drawn once."""

import secrets
from typing import Final

from liveinsight.dashboard.models import Installation

# Without vowels and without look-alikes: no word that a blocklist could know.
LETTERS: Final = "bcdfghjkmnpqrstvwxz"
LETTERS_AND_DIGITS: Final = LETTERS + "23456789"
NAME_CHARS: Final = 8


def find_installation(script_name: str = "", collector_path: str = "") -> Installation:
    """The one row; drawn at the first call, with the names that the owner chose."""
    installation, _ = Installation.objects.get_or_create(
        pk=1,
        defaults={"script_name": draw_name(), "collector_path": draw_name()},
    )
    chosen = {"script_name": script_name, "collector_path": collector_path}
    changed = [
        field
        for field, name in chosen.items()
        if name and name != getattr(installation, field)
    ]
    for field in changed:
        setattr(installation, field, chosen[field])
    if changed:
        installation.save(update_fields=changed)
    return installation


def draw_name() -> str:
    """A random neutral name: a letter, then letters and digits."""
    rest = (secrets.choice(LETTERS_AND_DIGITS) for _ in range(NAME_CHARS - 1))
    return secrets.choice(LETTERS) + "".join(rest)
