"""The statements by which an apply reads, writes and names runs."""

from liveinsight.store.apply_sql import ORIGIN, ORIGIN_TYPES

_RUN = f"""to_json(list({{
    'session_key': hex(session_key),
    'session_id': session_id,
    'run': {{
        'site': runs.site,
        'user': users.user_id,
        'sent_id': sent_id,
        'start_time': start_time,
        'start_event': start_event,
        'last_activity': last_activity,
        'last_event': last_event,
        'present_at': present_at,
        'entry': case when entry_time is not null
            then {{'time': entry_time, 'event_id': entry_event, 'page': entry_page}} end,
        'exit': case when exit_time is not null
            then {{'time': exit_time, 'event_id': exit_event, 'page': exit_page}} end,
        'page_views': page_views,
        'total_events': total_events,
        'conversions': conversions,
        'engagement_ms': engagement_ms,
        'origin': {{{", ".join(f"'{name}': {name}" for name in ORIGIN)}}}
    }}
}}))"""

RUNS_NEAR = f"""
with touched as (
    select
        site, user_id, earliest, latest,
        md5_number_lower(site || chr(0) || user_id) as user_key
    from (
        select unnest(
            from_json($1, '[{{"site":"VARCHAR","user_id":"VARCHAR",
                "earliest":"BIGINT","latest":"BIGINT"}}]'),
            recursive := true
        )
    )
)
select {_RUN}
from runs
join touched as users using (user_key)
where
    -- constants, so that blocks of other days are skipped
    runs.last_activity >= $2 and runs.start_time <= $3
    and runs.last_activity >= users.earliest and runs.start_time <= users.latest
"""  # noqa: S608  # names from our own struct

DELETE_RUNS = """
delete from runs
where session_key in (select unnest(from_json($1, '["UHUGEINT"]')))
"""

INSERT_RUNS = f"""
insert into runs (
    session_key, site, user_key, session_id, sent_id, start_time, start_event,
    last_activity, last_event, present_at,
    entry_time, entry_event, entry_page, exit_time, exit_event, exit_page,
    page_views, total_events, conversions, engagement_ms, {", ".join(ORIGIN)}
)
select
    s.session_key,
    s.run.site,
    md5_number_lower(s.run.site || chr(0) || s.run."user"),
    s.session_id,
    s.run.sent_id, s.run.start_time, s.run.start_event,
    s.run.last_activity, s.run.last_event, s.run.present_at,
    s.run.entry.time, s.run.entry.event_id, s.run.entry.page,
    s.run."exit".time, s.run."exit".event_id, s.run."exit".page,
    s.run.page_views, s.run.total_events, s.run.conversions, s.run.engagement_ms,
    {", ".join(f"s.run.origin.{name}" for name in ORIGIN)}
from (
    select unnest(from_json($1, '[{{
        "session_key":"UHUGEINT","session_id":"VARCHAR","run":{{
            "site":"VARCHAR","user":"VARCHAR","sent_id":"VARCHAR",
            "start_time":"BIGINT","start_event":"VARCHAR",
            "last_activity":"BIGINT","last_event":"VARCHAR","present_at":"BIGINT",
            "entry":{{"time":"BIGINT","event_id":"VARCHAR","page":"VARCHAR"}},
            "exit":{{"time":"BIGINT","event_id":"VARCHAR","page":"VARCHAR"}},
            "page_views":"INTEGER","total_events":"INTEGER","conversions":"INTEGER",
            "engagement_ms":"BIGINT","origin":{{{ORIGIN_TYPES}}}
        }}
    }}]')) as s
)
"""  # noqa: S608  # names from our own struct

CLAIMS = """
select
    hex(session_key), runs.site, sent_id, start_time, start_event, session_id
from runs
join (
    select unnest(
        from_json($1, '[{"site":"VARCHAR","sent_id":"VARCHAR"}]'), recursive := true
    )
) as claimed using (site, sent_id)
"""

RUNS_EXISTING = """
select hex(session_key), site
from runs
where session_key in (select unnest(from_json($1, '["UHUGEINT"]')))
"""

RENAME_RUNS = """
update runs
set session_id = renamed.session_id
from (
    select unnest(
        from_json($1, '[{"session_key":"UHUGEINT","session_id":"VARCHAR"}]'),
        recursive := true
    )
) as renamed
where runs.session_key = renamed.session_key
"""
