"""A warehouse that an earlier version wrote opens as it is."""

from importlib.resources import files
from pathlib import Path

import duckdb

from liveinsight.store.person import Person
from liveinsight.store.warehouse import Warehouse


def test_users_of_before_are_found_by_their_new_keys(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    first = files("liveinsight.store").joinpath("migrations", "001_events.sql")
    with duckdb.connect(str(path)) as database:
        database.execute(first.read_text("utf-8"))
        database.execute("create table migrations (number integer, name varchar)")
        database.execute("insert into migrations values (1, 'events')")
        for user in ("mina", "슬픔🙂", "x" * 128):
            database.execute(
                "insert into given_ids values (1, 'shop.example', $1 || '-id',"
                " md5_number('shop.example' || chr(0) || $1)::uhugeint, 0, 'e')",
                [user],
            )
    warehouse = Warehouse.open(path)
    try:
        for user in ("mina", "슬픔🙂", "x" * 128):
            person = Person(site="shop.example", user=user)
            assert warehouse.session_ids(person) == [f"{user}-id"]
        assert warehouse.query("select count(*) from sessions") == [(0,)]
    finally:
        warehouse.close()
