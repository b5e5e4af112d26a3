"""Parquet files: many into one, and one a batch of rows at a time.

By an engine of their own in memory, which sees no warehouse and needs none open.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from liveinsight.errors import ConfigError, StoreError

MEMORY_MB = 256
ROW_GROUP = 20_480
"""Rows; with the engine's own 122,880 long texts do not fit into its memory."""
BATCH_ROWS = 1_000

_JOIN = f"""
copy (select * from read_parquet($1)) to $2
(format parquet, compression zstd, row_group_size {ROW_GROUP})
"""  # noqa: S608  # a number of ours

_ROWS = "select to_json(rows)::varchar from read_parquet($1) as rows"


def join_parquet(parts: Sequence[Path], path: Path) -> None:
    """Writes one file with the rows of all parts, in their order.

    Raises:
        StoreError: a part cannot be read, or the disk is full.
    """
    with _engine() as engine:
        try:
            engine.execute(_JOIN, [[str(part) for part in parts], str(path)])
        except duckdb.Error as error:
            raise StoreError(str(error)) from error


def parquet_columns(path: Path) -> list[str]:
    """The names of the columns.

    Raises:
        ConfigError: it is no Parquet file.
    """
    with _engine() as engine:
        try:
            found = engine.execute(
                "select name from parquet_schema($1) where num_children is null",
                [str(path)],
            ).fetchall()
        except duckdb.Error as error:
            raise _unreadable(path, error) from error
    return [str(name) for (name,) in found]


def read_parquet(path: Path) -> Iterator[list[str]]:
    """The rows in batches, each row one JSON object.

    Raises:
        ConfigError: it is no Parquet file, or cut short.
    """
    with _engine() as engine:
        try:
            rows = engine.execute(_ROWS, [str(path)])
            while batch := rows.fetchmany(BATCH_ROWS):
                yield [str(row) for (row,) in batch]
        except duckdb.Error as error:
            raise _unreadable(path, error) from error


def count_parquet(path: Path) -> int:
    """The number of rows.

    Raises:
        ConfigError: it is no Parquet file.
    """
    with _engine() as engine:
        try:
            found = engine.execute(
                "select count(*) from read_parquet($1)", [str(path)]
            ).fetchone()
        except duckdb.Error as error:
            raise _unreadable(path, error) from error
    return int(found[0]) if found else 0


def _unreadable(path: Path, error: duckdb.Error) -> ConfigError:
    said = str(error).partition("\n")[0]
    return ConfigError(f"{path} cannot be read as Parquet: {said}")


@contextmanager
def _engine() -> Iterator[duckdb.DuckDBPyConnection]:
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{MEMORY_MB}MB",
        "threads": 1,
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    with duckdb.connect(":memory:", config=settings) as engine:
        yield engine
