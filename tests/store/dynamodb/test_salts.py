"""Salts: shared by all copies of the function, and gone for good after 48 hours."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from liveinsight.core.limits import DAY, SECOND
from liveinsight.core.ports import Salts
from tests.aws.dynamodb_local import Database
from tests.store.builders import T0
from tests.store.dynamodb.stores import Door, a_door


def salts_of(door: Door, now: int) -> Salts:
    return asyncio.run(door.store.salts(now))


def keys(database: Database) -> set[str]:
    items = database.items_of(database.tables.active)
    return {str(item["session_id"]["S"]) for item in items}


def test_copies_of_the_function_at_once_make_one_salt(dynamodb: Database) -> None:
    doors = [Door(dynamodb) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda door: salts_of(door, T0), doors))
    assert len(set(found)) == 1
    assert keys(dynamodb) == {"salt#2027-01-15"}
    for door in doors:
        door.client.close()


def test_a_salt_is_deleted_when_48_hours_are_over(dynamodb: Database) -> None:
    with a_door(dynamodb) as door:
        for day in (0, 1, 2):
            salts_of(door, T0 + day * DAY)
        assert keys(dynamodb) == {"salt#2027-01-16", "salt#2027-01-17"}
        salts_of(door, T0 + 6 * DAY)
    assert keys(dynamodb) == {"salt#2027-01-21"}, "days without a visit are no hiding"


def test_where_nobody_comes_the_table_itself_deletes_a_salt(
    dynamodb: Database,
) -> None:
    with a_door(dynamodb) as door:
        salts_of(door, T0)
    (item,) = dynamodb.items_of(dynamodb.tables.active)
    day = T0 - T0 % DAY
    assert item["expires_at"] == {"N": str((day + 2 * DAY) // SECOND)}


def test_a_process_asks_once_a_day(dynamodb: Database) -> None:
    calls: list[str] = []
    with a_door(dynamodb) as door:
        door.client.meta.events.register(
            "before-call.dynamodb", lambda model, **_: calls.append(model.name)
        )
        for hour in range(24):
            salts_of(door, T0 - T0 % DAY + hour * DAY // 24)
    assert calls.count("PutItem") == 1
    assert calls.count("GetItem") == 2 + 7, (
        "today's, yesterday's, and a week of old ones"
    )
    assert len(calls) == 10
