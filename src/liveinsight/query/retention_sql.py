"""The statement of retention: newcomers by cohort, and the buckets they came in."""

from functools import lru_cache
from typing import Final, cast

import msgspec
from sqlglot import exp
from sqlglot.expressions import Select

from liveinsight.query.conditions import NOT_ENGAGEMENT, event_condition
from liveinsight.query.joins import Within, join_runs, of_site, runs_between
from liveinsight.query.model import Where
from liveinsight.query.statement import Slots, Statement, fragment, make_statement

START: Final = "start"
END: Final = "end"


class RetentionShape(msgspec.Struct, frozen=True, kw_only=True):
    """All of a question that decides the text of its statement."""

    one_site: bool
    filters: tuple[Where, ...]
    returns: tuple[Where, ...]
    cohort_bucket: str
    """SQL for the bucket of `u.first_seen`."""
    event_bucket: str
    """SQL for the bucket of `e.time`."""


@lru_cache(maxsize=256)
def compile_retention(shape: RetentionShape) -> Statement:
    """cohort, bucket, users: those of the cohort who came in the bucket.

    Also one row for each cohort with bucket null, all of its users; and with cohort
    null all newcomers, bucket 0 those with a lasting id, 1 those without.
    """
    slots = Slots()
    within = Within(one_site=shape.one_site, start=START, end=END)
    parts = {"newcomers": _newcomers(shape, within, slots)}
    if shape.filters:
        parts["begun"] = _activity(shape.filters, shape, within, slots)
    parts["cohorts"] = _cohorts(shape)
    parts["returned"] = _activity(shape.returns, shape, within, slots)
    query = cast("Select", fragment(_ROWS))
    for name, select in parts.items():
        query = query.with_(name, as_=select, copy=False)
    return make_statement(query, slots)


def _newcomers(shape: RetentionShape, within: Within, slots: Slots) -> Select:
    """The users who came for the first time in the period."""
    query = exp.select(
        "u.user_key",
        "u.is_derived",
        exp.alias_(fragment(shape.cohort_bucket), "cohort"),
    )
    return query.from_("users as u", copy=False).where(
        *of_site("u", within, slots),
        fragment("u.first_seen") >= slots.add(START),
        fragment("u.first_seen") < slots.add(END),
        copy=False,
    )


def _cohorts(shape: RetentionShape) -> Select:
    """The newcomers with a lasting id, if asked for those who began with something."""
    query = exp.select("n.user_key", "n.cohort").from_("newcomers as n")
    if shape.filters:
        on = "b.user_key = n.user_key and b.bucket = n.cohort"
        query = query.join("begun as b", on=on, copy=False)
    return query.where("not n.is_derived", copy=False)


def _activity(
    conditions: tuple[Where, ...], shape: RetentionShape, within: Within, slots: Slots
) -> Select:
    """Each user and bucket with an event for which the conditions hold."""
    query = exp.select(
        "e.user_key", exp.alias_(fragment(shape.event_bucket), "bucket")
    ).distinct(copy=False)
    query = query.from_("events as e", copy=False).where(
        fragment(NOT_ENGAGEMENT),
        *of_site("e", within, slots),
        fragment("e.time") >= slots.add(START),
        fragment("e.time") < slots.add(END),
        *(event_condition(each, slots, within) for each in conditions),
        copy=False,
    )
    return join_runs(query, runs_between("r", within, slots))


_ROWS = """
select cohort, null as bucket, count(*) as users
from cohorts
group by cohort
union all
select c.cohort, r.bucket, count(*)
from cohorts as c
join returned as r on r.user_key = c.user_key and r.bucket >= c.cohort
group by c.cohort, r.bucket
union all
select null, is_derived::bigint, count(*)
from newcomers
group by is_derived
"""
