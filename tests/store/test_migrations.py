"""A warehouse that an earlier version wrote opens as it is."""

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import duckdb

from liveinsight.store.person import Person
from liveinsight.store.warehouse import Warehouse

SITE = "shop.example"
USERS = ("mina", "슬픔🙂", "x" * 128)
OPEN_AND_DIE = """
import os, sys
from pathlib import Path
from liveinsight.store.warehouse import Warehouse
warehouse = Warehouse.open(Path(sys.argv[1]))
os._exit(9)
"""


def write_first_version(path: Path) -> None:
    """A file as of the first migration, with an id given to each user."""
    first = files("liveinsight.store").joinpath("migrations", "001_events.sql")
    with duckdb.connect(str(path)) as database:
        database.execute(first.read_text("utf-8"))
        database.execute("create table migrations (number integer, name varchar)")
        database.execute("insert into migrations values (1, 'events')")
        for user in USERS:
            database.execute(
                "insert into given_ids values (1, $1, $2 || '-id',"
                " md5_number($1 || chr(0) || $2)::uhugeint, 0, 'e')",
                [SITE, user],
            )


def assert_users_are_found(path: Path) -> None:
    warehouse = Warehouse.open(path)
    try:
        for user in USERS:
            person = Person(site=SITE, user=user)
            assert warehouse.session_ids(person) == [f"{user}-id"]
        assert warehouse.query("select count(*) from sessions") == [(0,)]
    finally:
        warehouse.close()


def test_users_of_before_are_found_by_their_new_keys(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    write_first_version(path)
    assert_users_are_found(path)


def test_the_log_of_a_change_that_was_killed_can_be_read_again(tmp_path: Path) -> None:
    old, new = tmp_path / "old.duckdb", tmp_path / "new.duckdb"
    write_first_version(old)
    for path in (old, new):
        died = subprocess.run([sys.executable, "-c", OPEN_AND_DIE, path], check=False)
        assert died.returncode == 9
        assert path.with_name(f"{path.name}.wal").exists()
    assert_users_are_found(old)
    assert Warehouse.open(new).query("select count(*) from sessions") == [(0,)]
