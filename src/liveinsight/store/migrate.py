"""Brings the tables of a warehouse's file up to date: each of `migrations` once."""

from importlib.resources import files

from liveinsight.store.sql import Sql


def migrate(sql: Sql) -> None:
    """Makes the tables, and the changes that the file has not had yet."""
    sql("create table if not exists migrations (number integer not null, name varchar)")
    done = {number for (number,) in sql("select number from migrations")}
    for file, statements in migrations():
        number, _, name = file.partition("_")
        if int(number) in done:
            continue
        sql("begin transaction")
        sql(statements)
        sql("insert into migrations values (?, ?)", int(number), name)
        sql("commit")


def migrations() -> list[tuple[str, str]]:
    """Name without `.sql`, and statements, in their order."""
    folder = files("liveinsight.store").joinpath("migrations")
    return sorted(
        (file.name.removesuffix(".sql"), file.read_text("utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    )
