"""Some users of the warehouse as of now: copied aside, and what it lacks applied there.

The archive is up to a minute and a half behind, the tables' indexes seconds. So that a
timeline is the same here and there, their events go through the warehouse's own apply,
in a copy of these users alone that is gone when the question is answered (some 10 ms).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Final

import msgspec

from liveinsight.core.event import Event
from liveinsight.core.ports import Reader
from liveinsight.store.apply import apply_events
from liveinsight.store.in_memory import copy_beside
from liveinsight.store.sql import Sql
from liveinsight.store.warehouse import Warehouse

_OF_USERS: Final = ("events", "runs", "users", "given_ids")
_numbers = count(1)


@contextmanager
def fresh_copy(warehouse: Warehouse, events: Sequence[Event]) -> Iterator[Reader]:
    """Reads the users of these events, with the events; the warehouse stays as it is.

    Raises:
        StoreUnavailable: the warehouse is closed or being replaced.
    """
    with copy_beside(warehouse, f"fresh{next(_numbers)}") as sql:
        users = {(event.site, event.user) for event in events}
        asked = msgspec.json.encode([{"site": s, "user_id": u} for s, u in users])
        for table in _OF_USERS:
            sql(_COPY.format(table=table, main=warehouse.catalog), asked.decode())
        apply_events(sql, events)
        yield _Copy(sql)


class _Copy:
    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def query(
        self, sql: str, params: Sequence[object] = ()
    ) -> list[tuple[object, ...]]:
        return self._sql(sql, *params)


_COPY: Final = """
insert into {table}
select * from {main}.{table}
where user_key in (
    select md5_number_lower(site || chr(0) || user_id)
    from (
        select unnest(
            from_json($1, '[{{"site":"VARCHAR","user_id":"VARCHAR"}}]'),
            recursive := true
        )
    )
)
"""
