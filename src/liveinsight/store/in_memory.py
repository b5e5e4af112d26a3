"""Databases in memory, whose tables are asked together with those of the warehouse."""

from collections.abc import Iterator
from contextlib import contextmanager

from liveinsight.store.engine import attempt, statements_on, translated
from liveinsight.store.migrate import migrations
from liveinsight.store.sql import Sql
from liveinsight.store.warehouse import Warehouse


@contextmanager
def beside(warehouse: Warehouse, name: str) -> Iterator[Sql]:
    """Statements whose tables are those of the database `name`, kept in memory.

    It is there from the first use until the file is closed, or it is detached;
    `MAIN.events` and so on, MAIN being `warehouse.catalog`, are the tables of the file.
    """
    with warehouse.cursors.lend() as cursor, translated():
        sql = statements_on(cursor)
        sql(f"attach if not exists ':memory:' as {name}")
        sql(f"set search_path = '{name}'")
        try:
            yield sql
        finally:
            attempt(sql, "rollback")
            attempt(sql, "set search_path = ''")


@contextmanager
def copy_beside(warehouse: Warehouse, name: str) -> Iterator[Sql]:
    """As `beside`, with a warehouse's tables, empty; gone when the context ends."""
    with beside(warehouse, name) as sql:
        for _, statements in migrations():
            sql(statements)
        try:
            yield sql
        finally:
            attempt(sql, f"use {warehouse.catalog}", f"detach {name}")
