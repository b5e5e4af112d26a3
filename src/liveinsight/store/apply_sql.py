"""The statements of an apply, but for those of the runs (`apply_runs_sql.py`).

Rows come as one JSON parameter a batch: 47,000 rows/s at 1,000 rows, where
`executemany` takes 1.7 s a batch. Keys come back as hexadecimal
text: as decimal text each took 55 us, of a batch nearly half.
"""

from liveinsight.core.session import Origin

ORIGIN = tuple(Origin.__struct_fields__)
"""The columns that say where a visit came from, of events and of runs."""

ORIGIN_TYPES = ",".join(
    f'"{name}":"{"INTEGER" if name == "screen_width" else "VARCHAR"}"'
    for name in ORIGIN
)
"""The same as fields of a JSON parameter."""

STORED_KEYS = """
with incoming as (
    select md5_number(e.site || chr(0) || e.event_id)::uhugeint as event_key
    from (
        select unnest(from_json($1, '[{"site":"VARCHAR","event_id":"VARCHAR"}]')) as e
    )
)
select event_key::varchar
from events
where event_key in (select event_key from incoming)
"""

STORED_COPIES = """
select to_json(list({
    'event_key': events.event_key::varchar,
    'event': {
        'site': events.site,
        'event_id': event_id,
        'event_type': event_type,
        'timestamp': time,
        'received_at': received_at,
        'present_at': present_at,
        'user_id': case when not users.is_derived then users.user_id end,
        'visitor_id': case when users.is_derived then users.user_id end,
        'session_id': '',
        'page_url': page_url,
        'page_title': page_title,
        'properties': properties::json,
        'revenue': case
            when revenue_currency is not null
            then {'amount': revenue_amount::double, 'currency': revenue_currency}
        end,
        'engagement_ms': engagement_ms,
        'scroll_percent': scroll_percent,
        'interactive': interactive
    }
}))
from events
join users using (user_key)
where event_key in (select unnest(from_json($1, '["UHUGEINT"]')))
"""

DELETE_EVENTS = """
delete from events
where event_key in (select unnest(from_json($1, '["UHUGEINT"]')))
"""

INSERT_EVENTS = f"""
insert into events (
    event_key, site, user_key, session_key, time, timestamp, received_at, present_at,
    event_id, event_type, interactive, page, page_url, page_title,
    engagement_ms, scroll_percent, properties, revenue_amount, revenue_currency, ip,
    sent_session_id, {", ".join(ORIGIN)}
)
select
    md5_number(e.site || chr(0) || e.event_id)::uhugeint,
    e.site,
    md5_number_lower(
        e.site || chr(0) || coalesce(nullif(e.user_id, ''), e.visitor_id, '')
    ),
    session_key,
    coalesce(e.adjusted_timestamp, e.timestamp),
    e.timestamp,
    e.received_at,
    e.present_at,
    e.event_id,
    coalesce(e.event_type, 'page_view'),
    coalesce(e.interactive, true),
    e.page, e.page_url, e.page_title,
    e.engagement_ms, e.scroll_percent, e.properties,
    e.revenue.amount, e.revenue.currency, e.ip,
    case when e.session_sent then e.session_id end,
    {", ".join(f"coalesce(e.{n}, 'Direct')" if n == "channel" else f"e.{n}" for n in ORIGIN)}
from (
    select
        unnest(from_json($1, '[{{
            "site":"VARCHAR","event_id":"VARCHAR","event_type":"VARCHAR",
            "timestamp":"BIGINT","adjusted_timestamp":"BIGINT",
            "received_at":"BIGINT","present_at":"BIGINT",
            "user_id":"VARCHAR","visitor_id":"VARCHAR",
            "session_id":"VARCHAR","session_sent":"BOOLEAN",
            "page":"VARCHAR","page_url":"VARCHAR","page_title":"VARCHAR",
            "engagement_ms":"INTEGER","scroll_percent":"INTEGER",
            "properties":"JSON","interactive":"BOOLEAN","ip":"VARCHAR",
            "revenue":{{"amount":"DECIMAL(18,4)","currency":"VARCHAR"}},
            {ORIGIN_TYPES}
        }}]')) as e,
        unnest(from_json($2, '["UHUGEINT"]')) as session_key
)
"""  # noqa: S608  # names from our own struct

MOVE_EVENTS = """
update events
set session_key = moved.new_key
from (
    select unnest(
        from_json($1, '[{"old_key":"UHUGEINT","new_key":"UHUGEINT"}]'),
        recursive := true
    )
) as moved
where events.session_key = moved.old_key and events.time between $2 and $3
"""

MERGE_USERS = """
merge into users
using (
    select
        *, md5_number_lower(site || chr(0) || user_id) as user_key
    from (
        select unnest(
            from_json($1, '[{"site":"VARCHAR","user_id":"VARCHAR",
                "is_derived":"BOOLEAN","first_seen":"BIGINT"}]'),
            recursive := true
        )
    )
) as seen
on users.user_key = seen.user_key
when matched and (
    seen.first_seen < users.first_seen or (users.is_derived and not seen.is_derived)
) then update set
    first_seen = least(users.first_seen, seen.first_seen),
    is_derived = users.is_derived and seen.is_derived
when not matched then insert (user_key, site, user_id, is_derived, first_seen)
    values (seen.user_key, seen.site, seen.user_id, seen.is_derived, seen.first_seen)
"""

MERGE_GIVEN_IDS = """
merge into given_ids
using (
    select
        *,
        md5_number(site || chr(0) || given_id)::uhugeint as given_key,
        md5_number_lower(site || chr(0) || user_id) as user_key
    from (
        select unnest(
            from_json($1, '[{"site":"VARCHAR","given_id":"VARCHAR",
                "user_id":"VARCHAR","time":"BIGINT","event_id":"VARCHAR"}]'),
            recursive := true
        )
    )
) as given
on given_ids.given_key = given.given_key
when matched and (
    given.time < given_ids.time
    or (given.time = given_ids.time and given.event_id < given_ids.event_id)
) then update set
    user_key = given.user_key, time = given.time, event_id = given.event_id
when not matched then insert (given_key, site, given_id, user_key, time, event_id)
    values (
        given.given_key, given.site, given.given_id, given.user_key, given.time,
        given.event_id
    )
"""

MERGE_LEDGER = """
merge into ledger
using (
    select unnest(
        from_json($1, '[{"site":"VARCHAR","hour":"BIGINT","outcome":"VARCHAR",
            "reason":"VARCHAR","count":"BIGINT"}]'),
        recursive := true
    )
) as counted
on
    ledger.site = counted.site and ledger.hour = counted.hour
    and ledger.outcome = counted.outcome and ledger.reason = counted.reason
when matched then update set count = ledger.count + counted.count
when not matched then insert (site, hour, outcome, reason, count)
    values (
        counted.site, counted.hour, counted.outcome, counted.reason, counted.count
    )
"""

CHAIN_OF_USER = f"""
select to_json(list({{
    'site': site,
    'event_id': event_id,
    'event_type': event_type,
    'timestamp': time,
    'received_at': received_at,
    'present_at': present_at,
    'user_id': $2,
    'session_id': coalesce(sent_session_id, ''),
    'session_sent': sent_session_id is not null,
    'page': page,
    'engagement_ms': engagement_ms,
    'interactive': interactive,
    {", ".join(f"'{name}': {name}" for name in ORIGIN)}
}}))
from events
where user_key = md5_number_lower($1 || chr(0) || $2)
    and (interactive or event_type = 'engagement')
"""  # noqa: S608  # names from our own struct

PLACE_EVENTS_OF_USER = """
update events
set session_key = runs.session_key
from runs
where
    events.user_key = md5_number_lower($1 || chr(0) || $2)
    and runs.user_key = events.user_key
    and (events.interactive or events.event_type = 'engagement')
    and events.time between runs.start_time and runs.last_activity
    and events.session_key is distinct from runs.session_key
"""

SEE_USER_AGAIN = """
update users
set first_seen = coalesce(
    (select min(time) from events where events.user_key = users.user_key),
    first_seen
)
where user_key = md5_number_lower($1 || chr(0) || $2)
"""

FORGET_UNSEEN_USER = """
delete from users
where user_key = md5_number_lower($1 || chr(0) || $2)
    and user_key not in (
        select user_key from events
        where user_key = md5_number_lower($1 || chr(0) || $2)
    )
"""
