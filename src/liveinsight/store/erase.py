"""Takes one user out of a warehouse, inside the caller's transaction."""

from liveinsight.core.limits import HOUR
from liveinsight.core.outcome import Outcome
from liveinsight.store import apply_sql
from liveinsight.store.apply_runs import encode, replace_runs, runs_of_user
from liveinsight.store.person import Copies, Person
from liveinsight.store.sql import Sql


def erase_user(sql: Sql, person: Person, copies: Copies) -> int:
    """The number of events deleted; the ledger is as if none of them had come.

    Their runs go as those of a join go: another user's run may take over an id. Where
    nothing is stored, nothing is counted off: it was before, or never applied.
    """
    own = (person.site, person.user)
    stored = [
        (int(str(hour)), int(str(count)))
        for hour, count in sql(_STORED_BY_HOUR, *own, HOUR)
    ]
    replace_runs(sql, runs_of_user(sql, *own), [])
    for table in ("events", "given_ids", "users"):
        sql(_DELETE.format(table=table), *own)
    if stored:
        lines = [(hour, Outcome.STORED, "", count) for hour, count in stored] + [
            (hour, Outcome.DUPLICATE, reason.value, count)
            for hour, reason, count in copies.duplicates
        ]
        counted = [
            {
                "site": person.site,
                "hour": hour,
                "outcome": outcome.value,
                "reason": reason,
                "count": -count,
            }
            for hour, outcome, reason, count in lines
        ]
        sql(apply_sql.MERGE_LEDGER, encode(counted))
    return sum(count for _, count in stored)


_STORED_BY_HOUR = """
select received_at - received_at % $3, count(*)
from events
where user_key = md5_number_lower($1 || chr(0) || $2)
group by 1
"""

_DELETE = """
delete from {table}
where user_key = md5_number_lower($1 || chr(0) || $2)
"""
