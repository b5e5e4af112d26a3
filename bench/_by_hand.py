"""The reports as somebody who knows the engine and the tables would write them.

Each is what one report shows, its totals too, for one site and period: the measure for
the statements that the query layer puts together. $1 is the site, $2 and $3 are the
period, $4 and $5 the one before. Days are those of Asia/Seoul, nine hours ahead.
"""

OFFSET = 9 * 3_600_000
DAY = 86_400_000

_EVENTS = """
site = $1 and time >= {start} and time < {end} and event_type <> 'engagement'
"""

CUTS = """
select
    coalesce(max(last_activity) filter (where start_time < $2) + 1, $2),
    coalesce(min(start_time) filter (where last_activity >= $3), $3)
from runs
where site = $1 and last_activity >= $2 and start_time < $3
    and (start_time < $2 or last_activity >= $3)
"""
"""$6 and $7, for the period before $8 and $9: until when sessions of before go on, from
when those go on over the end."""

_USERS = """
with seen as (
    select user_key, {of_session} from sessions
    where site = $1 and start_time >= {start} and last_activity < {end}
    union all
    select e.user_key, {of_run}
    from events as e
    join runs as r
        on r.session_key = e.session_key
        and r.site = $1 and r.start_time < {end} and r.last_activity >= {start}
        and (r.start_time < {start} or r.last_activity >= {end})
    where e.site = $1 and e.time >= {start} and e.time < {end}
        and (e.time < {first_cut} or e.time >= {last_cut})
        and e.event_type <> 'engagement'
    union all
    select user_key, {of_event} from events
    where {events} and session_key is null
)
"""
_NOW = {"start": "$2", "end": "$3", "first_cut": "$6", "last_cut": "$7"}
_THEN = {"start": "$4", "end": "$5", "first_cut": "$8", "last_cut": "$9"}
_EVENTS_NOW = _EVENTS.format(**_NOW)


def _users(column: str) -> str:
    return _USERS.format(
        of_session=f"{column} as label",
        of_run=f"r.{column}",
        of_event=column,
        events=_EVENTS_NOW,
        **_NOW,
    )


_TOTAL_USERS = f"""
select count(distinct user_key) from (
    select user_key from sessions
    where site = $1 and start_time >= $2 and last_activity < $3
    union all
    select user_key from events
    where {_EVENTS_NOW} and (time < $6 or time >= $7 or session_key is null)
)
"""


def users_by(column: str) -> list[str]:
    """Visitors by what a session has, the first ten; all of them."""
    return [
        _users(column)
        + "select label, count(distinct user_key) as users, count(*) over () from seen"
        " group by label order by users desc, label nulls last limit 10",
        _TOTAL_USERS,
    ]


def sessions_by(column: str) -> list[str]:
    """Sessions by what they have, the first ten; all of them."""
    of_period = "from sessions where site = $1 and start_time >= $2 and start_time < $3"
    return [
        f"select {column} as label, count(*) as sessions, count(*) over () {of_period}"
        " group by label order by sessions desc, label nulls last limit 10",
        f"select count(*) {of_period}",
    ]


def _cards(period: dict[str, str]) -> str:
    """Visitors, views, sessions, views a session, bounces, duration."""
    seen = _USERS.format(
        of_session="page_views",
        of_run="(e.event_type = 'page_view' and e.interactive)::int",
        of_event="0",
        events=_EVENTS.format(**period),
        **period,
    )
    return f"""{seen}
select *
from (select count(distinct user_key), sum(page_views) from seen) as users,
    (
        select count(*), avg(page_views), avg(is_bounce::int), avg(session_duration)
        from sessions
        where site = $1
            and start_time >= {period["start"]} and start_time < {period["end"]}
    ) as begun
"""


_MONDAY = f"(((($2 + {OFFSET}) // {DAY} + 3) // 7 * 7 - 3) * {DAY} - {OFFSET})"
"""Weeks begin before the period does."""

BY_HAND = {
    "cards": [_cards(_NOW), _cards(_THEN)],
    "chart": [
        f"select (time + {OFFSET}) // {DAY} as day, count(distinct user_key)"
        f" from events where {_EVENTS_NOW} group by day",
        _TOTAL_USERS,
    ],
    "pages": [
        "select page, count(distinct user_key) as users, count(*) over ()"
        f" from events where {_EVENTS_NOW}"
        " group by page order by users desc, page nulls last limit 10",
        _TOTAL_USERS,
    ],
    "entry_pages": sessions_by("entry_page"),
    "exit_pages": sessions_by("exit_page"),
    "sources": users_by("source"),
    "channels": users_by("channel"),
    "campaigns": users_by("utm_campaign"),
    "countries": users_by("country"),
    "devices": users_by("device"),
    "browsers": users_by("browser"),
    "systems": users_by("os"),
    "events": [
        "select event_type, count(*) as events, count(*) over ()"
        f" from events where {_EVENTS_NOW}"
        " group by event_type order by events desc, event_type limit 10",
        f"select count(*) from events where {_EVENTS_NOW}",
    ],
    "pages_from_google": [
        f"""
select page, count(distinct user_key) as users, count(*) over ()
from (
    select e.page, e.user_key
    from events as e
    join runs as r
        on r.session_key = e.session_key
        and r.site = $1 and r.start_time < $3 and r.last_activity >= $2
        and r.source = 'Google'
    where e.site = $1 and e.time >= $2 and e.time < $3
        and e.event_type <> 'engagement'
    union all
    select page, user_key from events
    where {_EVENTS_NOW} and session_key is null and source = 'Google'
)
group by page order by users desc, page nulls last limit 10
""",
        _users("source") + "select count(distinct user_key) from seen"
        " where label = 'Google'",
    ],
    "sources_of_page": [
        "select r.source, count(distinct e.user_key) as users, count(*) over ()"
        " from events as e join runs as r on r.session_key = e.session_key"
        " and r.site = $1 and r.start_time < $3 and r.last_activity >= $2"
        " where e.site = $1 and e.time >= $2 and e.time < $3"
        " and e.event_type <> 'engagement' and e.page = '/blog/page-0'"
        " group by r.source order by users desc, r.source nulls last limit 10",
        f"select count(distinct user_key) from events where {_EVENTS_NOW}"
        " and page = '/blog/page-0'",
    ],
    "funnel": [
        """
with e as materialized (
    select user_key, session_key, time, event_type, page
    from events
    where site = $1 and time >= $2 and time < $3 + 86400000 and session_key is not null
        and event_type in ('page_view', 'add_to_cart', 'conversion')
        and (event_type <> 'page_view' or starts_with(page, '/products/'))
),
one as (select session_key, user_key, time from e where event_type = 'page_view' and time < $3),
two as (select session_key, time from e where event_type = 'add_to_cart'),
three as (select session_key, time from e where event_type = 'conversion'),
attempts as (
    select user_key, one.time as time1, two.time as time2, three.time as time3
    from one
    asof left join two on one.session_key = two.session_key and one.time < two.time
    asof left join three on one.session_key = three.session_key and two.time < three.time
),
best as (
    select * from attempts
    qualify row_number() over (
        partition by user_key
        order by (time2 is null)::int + (time3 is null)::int, time1
    ) = 1
)
select
    count(*), count(time2), count(time3),
    median(time2 - time1), median(time3 - time2)
from best
"""
    ],
    "retention": [
        f"""
with newcomers as (
    select user_key, ((first_seen + {OFFSET}) // {DAY} + 3) // 7 as cohort
    from users
    where site = $1 and first_seen >= {_MONDAY} and first_seen < $3 and not is_derived
),
seen as (
    select distinct user_key, ((time + {OFFSET}) // {DAY} + 3) // 7 as week
    from events
    where {_EVENTS.format(start=_MONDAY, end="$3")}
)
select cohort, week, count(*)
from newcomers join seen using (user_key)
where week >= cohort
group by cohort, week
"""
    ],
    "journeys": [
        """
with seen as (
    select session_key, time, coalesce(page, '') as page
    from events
    where site = $1 and time >= $2 and event_type = 'page_view' and interactive
        and session_key in (
            select session_key from sessions
            where site = $1 and start_time >= $2 and start_time < $3
        )
),
numbered as (select distinct page, dense_rank() over (order by page) as id from seen),
visits as (
    select list_transform(
        list_sort(list((time - $2) * (1 << 24) + id)),
        lambda step: (step % (1 << 24))::integer
    ) as visit
    from seen join numbered using (page)
    group by session_key
),
walks as (
    select list_slice(
        list_filter(visit, lambda place, nth: nth = 1 or visit[nth - 1] <> place), 1, 6
    ) as walk
    from visits
),
routes as (select walk, count(*) as sessions from walks group by walk),
moves as (
    select step, walk[step] as place, walk[step + 1] as following,
        sum(sessions) as sessions
    from routes cross join (select unnest(range(1, 6)) as step) as steps
    where step <= len(walk)
    group by all
),
shown as (
    select step, place, sum(sessions) as sessions from moves group by step, place
    qualify row_number() over (partition by step order by sum(sessions) desc, place) <= 8
),
links as (
    select m.step, a.place, b.place as following, sum(m.sessions) as sessions
    from moves as m
    left join shown as a on a.step = m.step and a.place = m.place
    left join shown as b on b.step = m.step + 1 and b.place = m.following
    group by all
),
trails as (
    select list_slice(walk, 1, 5) as trail, sum(sessions) as sessions
    from routes group by trail order by sessions desc, trail limit 10
)
select 'all', step, null, null, sum(sessions) from moves group by step
union all
select 'link', step, a.page, b.page, sessions
from links
left join numbered as a on a.id = links.place
left join numbered as b on b.id = links.following
union all
select 'trail', null, array_to_string(trail, ' '), null, sessions from trails
""",
    ],
    "sessions": [
        """
select s.session_id, u.user_id, s.start_time, s.last_activity, s.entry_page,
    s.exit_page, s.page_views, s.total_events, s.source, s.country, s.device, s.browser
from (
    select * from sessions
    where site = $1 and start_time >= $2 and start_time < $3
    order by start_time desc limit 50
) as s
join users as u on u.user_key = s.user_key and u.site = s.site
order by s.start_time desc
"""
    ],
}
