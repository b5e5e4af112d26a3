"""The statements of store.live_tables; MAIN stands for the file's database."""

from typing import Final

from liveinsight.core.limits import SESSION_SILENCE

MOST_VIEWS: Final = 20_000
"""Of all sessions together, since the archive was read: each is a row in memory."""

_FROM_FIRST: Final = ("source", "channel", "country", "device", "browser", "os")
FIELDS: Final = (
    *("session_id", "site", "start_time", "last_activity", "current_page"),
    *_FROM_FIRST,
    "page_views",
)

ACTIVE: Final = """
create or replace table active as
select
    * exclude ("user"),
    "user" as user_id,
    md5_number_lower(site || chr(0) || "user") as user_key
from (
    select unnest(
        from_json($1, '[{"session_id":"VARCHAR","site":"VARCHAR",
            "start_time":"BIGINT","last_activity":"BIGINT","current_page":"VARCHAR",
            "source":"VARCHAR","channel":"VARCHAR","country":"VARCHAR",
            "device":"VARCHAR","browser":"VARCHAR","os":"VARCHAR",
            "page_views":"INTEGER","user":"VARCHAR","is_derived":"BOOLEAN"}]'),
        recursive := true
    )
)
"""

# The run of the warehouse that an active session goes on from, else a key of its own.
_PLACED: Final = f"""
create or replace view placed as
with known as (
    select a.session_id, arg_max(r.session_key, r.present_at) as session_key
    from active as a
    join MAIN.runs as r
        on r.user_key = a.user_key
        and r.present_at >= a.start_time - {SESSION_SILENCE}
        and r.present_at - (r.last_activity - r.start_time)
            <= a.last_activity + {SESSION_SILENCE}
    -- one constant, so that blocks of other days are skipped
    where r.present_at >= (select min(start_time) from active) - {SESSION_SILENCE}
    group by a.session_id
)
select
    a.* exclude (session_id),
    a.session_id,
    coalesce(
        known.session_key,
        md5_number('active' || chr(0) || a.site || chr(0) || a.session_id)::uhugeint
    ) as session_key
from active as a
left join known using (session_id)
"""  # noqa: S608  # our own names and numbers

_GOING_ON: Final = f"""
create or replace table going_on as
with said as (
    select
        session_key,
        any_value(site) as site,
        any_value(user_key) as user_key,
        arg_max(session_id, last_activity) as session_id,
        min(start_time) as start_time,
        max(last_activity) as present_at,
        arg_max(current_page, last_activity) as page,
        sum(page_views)::integer as page_views,
        {",".join(f"arg_min({n}, start_time) as {n}" for n in _FROM_FIRST)}
    from placed
    group by session_key
)
select
    said.*,
    r.present_at as known_until,
    case
        when r.session_key is not null and said.present_at <= r.present_at then 0
        else greatest(least(
            said.page_views - coalesce(r.page_views, 0),
            {MOST_VIEWS} // (count(*) over ()) + 1
        ), 0)
    end as new_views
from said
left join (
    select * from MAIN.runs
    where present_at >= (select min(start_time) from active) - {SESSION_SILENCE}
) as r using (session_key)
"""  # noqa: S608  # our own names and numbers

_RUNS: Final = f"""
create or replace table runs_now as
select * from (select * from MAIN.runs limit 0)
union all by name
select r.* replace (
    greatest(r.present_at, g.present_at) as present_at,
    r.last_activity + greatest(g.present_at - r.present_at, 0) as last_activity,
    case when g.present_at > r.present_at then coalesce(g.page, r.exit_page)
        else r.exit_page end as exit_page,
    r.page_views + g.new_views as page_views,
    r.total_events + g.new_views as total_events
)
from going_on as g
join MAIN.runs as r using (session_key)
where g.known_until is not null
union all by name
select
    session_key, site, user_key, session_id, start_time, present_at,
    present_at as last_activity, page as exit_page, page_views,
    '' as start_event, '' as last_event,
    greatest(page_views, 1) as total_events, 0 as conversions, 0 as engagement_ms,
    coalesce(channel, 'Direct') as channel,
    {",".join(n for n in _FROM_FIRST if n != "channel")}
from going_on
where known_until is null
"""  # noqa: S608  # our own names and numbers

_EVENTS: Final = f"""
create or replace table events_now as
with numbered as (
    select
        *,
        greatest(new_views, 1) as count,
        unnest(range(1, greatest(new_views, 1) + 1)) as number
    from going_on
    where known_until is null or present_at > known_until
), timed as (
    select *, case
        when number = count then present_at
        when known_until is null
        then start_time + (present_at - start_time) * (number - 1) // (count - 1)
        else known_until + (present_at - known_until) * number // count
    end as time
    from numbered
)
select * from (select * from MAIN.events limit 0)
union all by name
select
    -- no key as text: one of these takes 0.15 ms
    xor(session_key, number::uhugeint) as event_key,
    site, user_key, session_key,
    time, time as timestamp, time as received_at, time as present_at,
    'evt_active_' || number as event_id,
    case when new_views > 0 then 'page_view' else 'activity' end as event_type,
    true as interactive,
    case when number = count then page end as page,
    coalesce(channel, 'Direct') as channel,
    {",".join(n for n in _FROM_FIRST if n != "channel")}
from timed
"""  # noqa: S608  # our own names and numbers

_USERS: Final = """
create or replace table users_now as
select
    user_key,
    any_value(site) as site,
    any_value(user_id) as user_id,
    bool_and(is_derived) as is_derived,
    min(start_time) as first_seen
from active
group by user_key
"""

_VIEWS: Final = (
    """
    create view if not exists events as
    select * from MAIN.events
    union all
    select * from events_now
    """,
    """
    create view if not exists runs as
    select * from MAIN.runs
    where session_key not in (select session_key from runs_now)
    union all
    select * from runs_now
    """,
    """
    create view if not exists sessions as
    select
        *,
        last_activity - start_time as session_duration,
        page_views < 2 and total_events = page_views as is_bounce
    from runs
    where total_events > 0
    """,
    """
    create view if not exists users as
    select * from MAIN.users
    where user_key not in (select user_key from users_now)
    union all
    select * from users_now
    """,
)


def statements(catalog: str) -> list[str]:
    """What brings the tables to the warehouse and the active sessions as they are now."""
    texts = (
        _PLACED,
        _GOING_ON,
        _RUNS,
        _EVENTS,
        _USERS,
        *_VIEWS,
    )
    return [text.replace("MAIN.", f"{catalog}.") for text in texts]
