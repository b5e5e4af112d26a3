"""What statements are given to, where a transaction is the caller's."""

from collections.abc import Callable

Sql = Callable[..., list[tuple[object, ...]]]
"""Runs one statement with its parameters; its rows."""
