"""The statements of docs/archive.md, as far as they can be tried without Athena."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
import sqlglot
from sqlglot import exp

from liveinsight.core.event import Event, Revenue
from liveinsight.store.archive_s3 import Archived, S3Archive
from tests.aws.ministack import MiniStack
from tests.store.builders import MINUTE, T0, an_event
from tests.store.dynamodb.streaming import a_bucket

STATEMENTS = re.findall(
    r"```sql\n(.*?)\n```", Path("docs/archive.md").read_text(), re.DOTALL
)
DATABASE, TABLE, VIEW, QUESTION = STATEMENTS
TYPES = {
    str: {"VARCHAR", "STRING"},
    bool: {"BOOLEAN"},
    int: {"BIGINT", "INT", "INTEGER"},
}


def columns() -> dict[str, exp.DataType]:
    """The columns of the external table, partitions left out."""
    created = sqlglot.parse_one(TABLE, dialect="athena")
    assert isinstance(created, exp.Create)
    schema = created.this
    return {column.name: column.args["kind"] for column in schema.expressions}


@pytest.mark.parametrize(
    "statement", STATEMENTS, ids=["database", "table", "view", "question"]
)
def test_each_statement_is_in_athenas_language(statement: str) -> None:
    [parsed] = sqlglot.parse(statement, dialect="athena")
    assert not isinstance(parsed, exp.Command)


def test_the_table_has_the_fields_of_an_event_and_no_others() -> None:
    found = columns()
    fields = {field.name: field.type for field in msgspec.structs.fields(Event)}
    assert found.keys() == fields.keys()
    for name, kind in fields.items():
        for plain, types in TYPES.items():
            if kind in (plain, plain | None):
                assert found[name].sql("athena").upper() in types, name


def test_the_partitions_are_the_folders_that_are_written(ministack: MiniStack) -> None:
    template = re.search(r"'storage.location.template' = '(.*)'", TABLE)
    assert template is not None
    bucket = a_bucket(ministack.s3)
    [name] = S3Archive(ministack.s3, bucket).write_batch(
        [Archived("1", an_event(0, received_at=1_769_850_000_000))]
    )
    folder = template[1].replace("${received_date}", "2026-01-31")
    folder = folder.replace("${received_hour}", "09")
    assert f"s3://YOUR_ARCHIVE_BUCKET/{name}".startswith(folder)
    assert "'projection.received_hour.digits' = '2'" in TABLE


def events_with_copies() -> list[Archived]:
    """Three events; one is archived twice, one was stored with another time, too."""
    first = an_event(
        0,
        received_at=T0 + MINUTE,
        properties={"plan": "pro", "seats": 3, "trial": True},
        revenue=Revenue(amount=9.5, currency="EUR"),
    )
    late = an_event(0, timestamp=T0 + 9, received_at=T0 + 3 * MINUTE, page="/late")
    other = an_event(
        1, received_at=T0 + MINUTE, event_type="vital", interactive=False, page="/b"
    )
    third = an_event(2, received_at=T0 + 2 * MINUTE, user_id=None, visitor_id="v1")
    return [
        Archived(str(number), event)
        for number, event in enumerate([late, first, other, first, third])
    ]


@pytest.fixture
def archive_in_duckdb(
    ministack: MiniStack, tmp_path: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """What Athena would see: the objects of a bucket, read by the table's columns."""
    bucket = a_bucket(ministack.s3)
    records = events_with_copies()
    archive = S3Archive(ministack.s3, bucket)
    for name in archive.write_batch(records[:3]) + archive.write_batch(records[2:]):
        path = tmp_path / name.replace("/", "_")
        ministack.s3.download_file(bucket, name, str(path))
    kinds = {name: kind.sql("duckdb") for name, kind in columns().items()}
    connection = duckdb.connect()
    connection.execute("create schema liveinsight")
    connection.execute(
        """
        create table liveinsight.archived_events as
        select *, '2026-01-01' as received_date, '09' as received_hour
        from read_json($1, format = 'newline_delimited', columns = $2)
        """,
        [str(tmp_path / "*.ndjson.gz"), kinds],
    )
    yield connection
    connection.close()


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    answer = connection.execute(sql)
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def test_the_view_has_the_first_received_copy_of_each_event(
    archive_in_duckdb: duckdb.DuckDBPyConnection,
) -> None:
    archive_in_duckdb.execute(sqlglot.transpile(VIEW, "athena", "duckdb")[0])
    found = rows(
        archive_in_duckdb, "select * from liveinsight.events order by event_id"
    )
    assert [row["event_id"] for row in found] == [
        "evt_00000000",
        "evt_00000001",
        "evt_00000002",
    ]
    first, other, third = found
    assert (first["timestamp"], first["page"]) == (T0, "/")
    assert first["properties"] == {"plan": "pro", "seats": "3", "trial": "true"}
    assert first["revenue"] == {"amount": 9.5, "currency": "EUR"}
    assert (first["event_type"], first["channel"]) == ("page_view", "Direct")
    assert (other["event_type"], other["interactive"]) == ("vital", False)
    assert (third["user_id"], third["interactive"]) == ("v1", True)


def test_the_question_counts_page_views_and_visitors(
    archive_in_duckdb: duckdb.DuckDBPyConnection,
) -> None:
    sql = sqlglot.transpile(QUESTION, "athena", "duckdb")[0]
    [row] = rows(archive_in_duckdb, sql)
    assert row == {"page": "/", "page_views": 2, "visitors": 2}
