"""The daily salts in the inbox's file: each is there on its day and the next."""

import os
import sqlite3

from liveinsight.core.ports import Salts


def make_salts(connection: sqlite3.Connection, day: int) -> Salts:
    """The salts in force on the day; makes the day's if there is none."""
    remove_old_salts(connection, day)
    connection.execute(
        "insert or ignore into salts (day, salt) values (?, ?)", (day, os.urandom(16))
    )
    found = dict(connection.execute("select day, salt from salts").fetchall())
    return Salts(found[day], found.get(day - 1))


def remove_old_salts(connection: sqlite3.Connection, day: int) -> int:
    """The number of salts removed: those of before the day's yesterday."""
    return connection.execute("delete from salts where day < ?", (day - 1,)).rowcount
