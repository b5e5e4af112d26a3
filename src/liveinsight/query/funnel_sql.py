"""The statements of funnels: steps in their places, attempts, the best of each visitor.

The first select, over the events, is put together from the conditions of steps and
filters; what follows is text, one line for each step. ASOF joins find the next event of
a step: measured 2-3 times as fast as a window function for each step.
"""

from functools import lru_cache
from typing import cast

import msgspec
from sqlglot import exp
from sqlglot.expressions import Select

from liveinsight.query.catalog.dimensions import find_dimension
from liveinsight.query.conditions import NOT_ENGAGEMENT, event_condition, event_value
from liveinsight.query.joins import Within, join_runs, of_site, runs_between
from liveinsight.query.model import Where
from liveinsight.query.statement import Slots, Statement, fragment, make_statement

PLACE = "(e.time::uhugeint << 64) + (e.event_key >> 64)"
"""The order of events: by time, within a millisecond any that is always the same.

A number, for the steps are sorted by it: by time and event id it takes a third more.
"""
STANDS_BETWEEN = "e.interactive and e.event_type <> 'click'"
"""What breaks a strict sequence, unless it is the next step."""


class FunnelShape(msgspec.Struct, frozen=True, kw_only=True):
    """All of a question that decides the text of its statements."""

    one_site: bool
    steps: tuple[Where, ...]
    filters: tuple[Where, ...]
    is_strict: bool
    in_session: bool
    label: str = ""
    """The dimension of the rows; "" for none. Only counts have rows."""
    is_live: bool = False
    """Of those who are here, their latest attempt; else everybody's best."""


@lru_cache(maxsize=256)
def compile_counts(shape: FunnelShape) -> Statement:
    """The whole first, then each label, the most visitors first.

    label, number of labels (0: it is the whole), visitors of each step, median times:
    from each step to the next, then from the first to the last.
    """
    slots = Slots()
    whole = _counts(shape, "best", "null::varchar as label", "0 as labels")
    if not shape.label:
        return _finish(whole, shape, slots)
    of_labels = _counts(shape, "best_of_label", "label", "count(*) over () as labels")
    of_labels = of_labels.group_by("label")
    of_labels = of_labels.order_by("visitors1 desc", "label nulls first")
    of_labels = of_labels.limit(slots.add("limit")).offset(slots.add("offset"))
    # Both from the same attempts, which is most of the work.
    every = exp.union(
        whole, exp.select("*").from_(of_labels.subquery()), distinct=False
    )
    query = exp.select("*").from_(every.subquery("every"))
    query = query.order_by("labels > 0", "visitors1 desc", "label nulls first")
    return _finish(query, shape, slots)


def _counts(shape: FunnelShape, attempts: str, label: str, labels: str) -> Select:
    """The numbers of these attempts."""
    last = len(shape.steps)
    columns = [
        label,
        labels,
        *(
            f"count(*) filter (where reached >= {n}) as visitors{n}"
            for n in range(1, last + 1)
        ),
        *(
            f"median(time{n} - time{n - 1}) filter (where reached >= {n}) as median{n}"
            for n in range(2, last + 1)
        ),
        f"median(time{last} - time1) filter (where reached = {last}) as median_of_all",
    ]
    return exp.select(*(fragment(column) for column in columns)).from_(attempts)


@lru_cache(maxsize=256)
def compile_stops(shape: FunnelShape, step: int) -> Statement:
    """Who came no further than the step, the latest first, and how many they are.

    session_id, user_id, time of the step, entry page, source, country, device, count.
    """
    slots = Slots()
    columns = ("user_key", f"time{step} as time", f"session{step} as session_key")
    some = exp.select(*columns, "count(*) over () as stopped").from_("best")
    some = some.where(f"reached = {step}").order_by("time desc", "user_key")
    some = some.limit(slots.add("limit")).offset(slots.add("offset"))
    query = cast("Select", slots.bind(_STOPS, start="start", until="until"))
    return _finish(query, shape, slots, last_steps=some)


@lru_cache(maxsize=256)
def compile_here(shape: FunnelShape) -> Statement:
    """Who of those that are here stands where: the latest `limit` of each step.

    step, session_id, user_id, time of the step, page, country, how many at the step.
    """
    slots = Slots()
    query = cast("Select", slots.bind(_HERE, start="start", until="until"))
    query = query.where(fragment("nth") <= slots.add("limit"))
    return _finish(query, shape, slots)


_STOPS = """
select
    s.session_id, u.user_id, b.time, s.entry_page, s.source, s.country, s.device,
    b.stopped
from last_steps as b
join users as u on u.user_key = b.user_key
left join sessions as s
    on s.session_key = b.session_key
    and s.last_activity >= :start
    and s.start_time < :until
order by b.time desc, b.user_key
"""

_HERE = """
select step, session_id, user_id, last_time, page, country, at_step
from (
    select
        b.reached as step, s.session_id, u.user_id, b.last_time,
        s.exit_page as page, s.country,
        count(*) over (partition by b.reached) as at_step,
        row_number() over (
            partition by b.reached order by b.last_time desc, u.user_id
        ) as nth
    from best as b
    join users as u on u.user_key = b.user_key
    left join sessions as s
        on s.session_key = b.last_session
        and s.last_activity >= :start
        and s.start_time < :until
)
order by step, nth
"""


def _finish(
    query: Select, shape: FunnelShape, slots: Slots, **more: Select
) -> Statement:
    """The select from `best`, with what comes before it, and more after that."""
    before = {
        "counted": _counted(shape, slots),
        "steps": _steps(shape),
        "attempts": _attempts(shape),
        "best": _best(shape, "", slots),
    }
    if shape.label:
        before["best_of_label"] = _best(shape, ", label", slots)
    for name, of in (before | more).items():
        query = query.with_(name, as_=of, copy=False)
    return make_statement(query, slots)


def _counted(shape: FunnelShape, slots: Slots) -> Select:
    """The events, and which steps each of them is."""
    following = Within(one_site=shape.one_site, start="start", end="until")
    beginning = Within(one_site=shape.one_site, start="start", end="end")
    query = exp.select("e.user_key", "e.session_key", "e.time")
    query = query.select(fragment(f"{PLACE} as place"))
    for number, where in enumerate(shape.steps, start=1):
        met = event_condition(where, slots, following)
        query = query.select(exp.alias_(met, f"at{number}", copy=False), copy=False)
    begins = [event_condition(where, slots, beginning) for where in shape.filters]
    if not shape.is_live:
        begins.append(fragment("e.time") < slots.add("end"))
    query = query.select(
        exp.alias_(exp.and_(exp.true(), *begins, copy=False), "may_begin", copy=False),
        copy=False,
    )
    if shape.is_strict:
        query = query.select(fragment(f"{STANDS_BETWEEN} as stands_between"))
    if shape.label:
        value = event_value(find_dimension(shape.label), slots, beginning)
        query = query.select(exp.alias_(value, "label", copy=False), copy=False)
    query = query.from_("events as e", copy=False)
    query = query.where(
        fragment(NOT_ENGAGEMENT),
        *of_site("e", following, slots),
        fragment("e.time") >= slots.add("start"),
        fragment("e.time") < slots.add("until"),
        copy=False,
    )
    if shape.in_session:
        query = query.where("e.session_key is not null", copy=False)
    if shape.is_live:
        query = query.where(
            fragment("e.present_at") >= slots.add("since"),
            exp.column("user_key", "e").isin(query=_present(following, slots)),
            copy=False,
        )
    return join_runs(query, runs_between("r", following, slots))


def _present(within: Within, slots: Slots) -> Select:
    """The current visitors."""
    query = exp.select("e.user_key").from_("events as e")
    return query.where(
        fragment(NOT_ENGAGEMENT),
        *of_site("e", within, slots),
        fragment("e.present_at") >= slots.add("present"),
        copy=False,
    )


def _steps(shape: FunnelShape) -> Select:
    """The events that are steps, or may stand between; strictly, numbered in order."""
    kept = [f"at{number}" for number in range(1, len(shape.steps) + 1)]
    if not shape.is_strict:
        return exp.select("*").from_("counted").where(exp.or_(*kept))
    unit = "session_key" if shape.in_session else "user_key"
    number = f"row_number() over (partition by {unit} order by place) as place"
    query = exp.select(fragment("* exclude (place)"), fragment(number))
    return query.from_("counted").where(exp.or_("stands_between", *kept))


def _attempts(shape: FunnelShape) -> Select:
    """Each event of the first step, and the nearest events of the others after it."""
    unit = "session_key" if shape.in_session else "user_key"
    numbers = range(1, len(shape.steps) + 1)
    columns = [f"s{n}.time as time{n}, s{n}.session_key as session{n}" for n in numbers]
    label = ", s1.label" if shape.label else ""
    lines = [
        f"select s1.user_key, s1.place{label}, {', '.join(columns)}",
        "from (from steps where at1 and may_begin) as s1",
    ]
    join = "left join" if shape.is_strict else "asof left join"
    place = "= s{before}.place + 1" if shape.is_strict else "> s{before}.place"
    lines += [
        f"{join} (from steps where at{n}) as s{n} on s{n}.{unit} = s1.{unit}"
        f" and s{n}.place {place.format(before=n - 1)}"
        for n in numbers[1:]
    ]
    return cast("Select", fragment("\n".join(lines)))


def _best(shape: FunnelShape, label: str, slots: Slots) -> Select:
    """One attempt of each visitor, or of each of their labels, and how far it came."""
    numbers = range(len(shape.steps), 1, -1)
    reached = " ".join(f"when time{n} - time1 <= :window then {n}" for n in numbers)
    order = "reached desc, time1, place"
    columns = [f"case {reached} else 1 end as reached"]
    if shape.is_live:
        order = "last_time desc, reached desc, time1 desc"
        for name in ("time", "session"):
            last = " ".join(f"when {n} then {name}{n}" for n in numbers)
            columns.append(f"case reached {last} else {name}1 end as last_{name}")
    query = exp.select("*", *(slots.bind(c, window="window") for c in columns))
    rank = f"row_number() over (partition by user_key{label} order by {order})"
    return query.from_("attempts").qualify(fragment(f"{rank} = 1"))
