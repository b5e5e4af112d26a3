"""A seeded past: visits of 90 days on three sites, straight into a warehouse's tables.

The shares are those of a shop with a blog: 8 events a visit, two in five of them
engagement, a third of the visits by users who come again, 5,000 pages a site of which
few are read much, a third of the events with properties, some events of no session.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from liveinsight.store.warehouse import Warehouse

SITES = ("shop.example", "blog.example", "docs.example")
DAYS = 90
END = int(datetime(2026, 11, 22, 15, 0, tzinfo=UTC).timestamp()) * 1000
"""The moment up to which there is a past; questions are asked then."""
DAY = 86_400_000
EVENTS_PER_VISIT = 8.05
VISITS_PER_USER = 2.0
"""On the whole; a few users have hundreds."""


def generate(
    path: Path, events: int, show: Callable[[float], None] = lambda _share: None
) -> int:
    """Fills a new warehouse with about so many events; returns how many.

    The same number makes the same rows, in the order of their times, as they would
    have come.
    """
    Warehouse.open(path).close()
    visits = int(events / EVENTS_PER_VISIT)
    with duckdb.connect(str(path), config={"preserve_insertion_order": True}) as engine:
        for day in range(DAYS):
            start = END - (DAYS - day) * DAY
            first = visits * day // DAYS
            engine.execute(
                _VISITS,
                {
                    "first": first,
                    "count": visits * (day + 1) // DAYS - first,
                    "start": start,
                    "users": int(visits / VISITS_PER_USER),
                },
            )
            engine.execute(_STEPS)
            for statement in (_EVENTS, _RUNS):
                engine.execute(statement)
            show((day + 1) / (DAYS + 1))
        engine.execute(_USERS)
        engine.execute("drop table visits")
        engine.execute("drop table steps")
        engine.execute("checkpoint")
        show(1.0)
        found = engine.execute("select count(*) from events").fetchone()
    return int(found[0]) if found else 0


# A number of 0-1 that looks like chance, the same for the same words.
_MACROS = "(hash({0}) % 1000003 / 1000003.0)"


def _chance(*words: str) -> str:
    return _MACROS.format(", ".join(words))


def _one_of(options: tuple[str, ...], chance: str) -> str:
    """The first options far more often than the last."""
    listed = ", ".join("null" if each == "" else f"'{each}'" for each in options)
    return f"([{listed}])[1 + floor(power({chance}, 2.2) * {len(options)})::int]"


_SOURCES = (
    *("", "Google", "", "Bing", "Naver", "Facebook", "GitHub", "newsletter"),
    *("Hacker News", "ChatGPT", "YouTube", "Reddit", "DuckDuckGo", "partner.example"),
)
_COUNTRIES = (
    *("KR", "US", "JP", "DE", "GB", "FR", "IN", "VN", "BR", "CA", "AU", "NL", "SE"),
    *("TW", "SG", "ES", "IT", "PL", "MX", "ID", "TH", "PH", "CH", "AT", "DK", "NO"),
)
_VISITS = f"""
create or replace table visits as
with numbered as (
    select $first + range as visit from range($count)
),
drawn as (
    select
        visit,
        ({list(SITES)})[1 + (hash(visit, 'site') % 3)::int] as site,
        floor(power({_chance("visit", "'user'")}, 1.7) * $users)::bigint as person,
        $start + floor({_chance("visit", "'time'")} * {DAY - 3_600_000})::bigint
            as start_time,
        1 + floor(-3.2 * ln(1 - {_chance("visit", "'length'")} * 0.999))::int as views
    from numbered
)
select
    visit,
    site,
    person,
    'user-' || lpad(person::varchar, 12, '0') || '-0123456789abcdef' as user_id,
    md5_number_lower(site || chr(0) || 'user-' || lpad(person::varchar, 12, '0')
        || '-0123456789abcdef') as user_key,
    md5_number('visit' || visit)::uhugeint as session_key,
    start_time,
    least(views, 30) as views,
    {_one_of(_SOURCES, _chance("visit", "'source'"))} as source,
    {_one_of(_COUNTRIES, _chance("person", "'country'"))} as country,
    {_one_of(("Desktop", "Mobile", "Tablet"), _chance("person", "'device'"))} as device,
    {
    _one_of(
        ("Chrome", "Safari", "Edge", "Firefox", "Samsung Internet", "Opera"),
        _chance("person", "'browser'"),
    )
} as browser,
    {
    _one_of(
        ("Windows", "Android", "iOS", "Mac", "GNU/Linux"), _chance("person", "'os'")
    )
} as os,
    {
    _one_of(("ko", "en-US", "ja", "de", "fr", "en-GB"), _chance("person", "'language'"))
} as language,
    case when {_chance("visit", "'campaign'")} < 0.12 then
        'campaign-' || floor({
    _chance("visit", "'which'")
} * 40)::int end as utm_campaign
from drawn
order by start_time
"""

# The events of a visit: views, and after most of them engagement; some do more.
_STEPS = f"""
create or replace table steps as
with viewed as (
    select visits.*, unnest(range(views)) as number from visits
),
placed as (
    select
        *,
        start_time + (number * 47_000 + floor({_chance("visit", "number", "'pause'")}
            * 40_000))::bigint as viewed_at,
        '/' || ['', 'blog', 'docs', 'products', 'guides'][
            1 + (hash(visit % 7, number % 5, 'part') % 5)::int]
            || '/page-' || floor(power({_chance("visit", "number", "'page'")}, 4) * 5000)::int
            as page
    from viewed
),
kinds as (
    select *, viewed_at as time, 'page_view' as event_type, 0 as part from placed
    union all
    select *, viewed_at + 20_000, 'engagement', 1 from placed
    where {_chance("visit", "number", "'reads'")} < 0.85
    union all
    select *, viewed_at + 9_000,
        ['click', 'add_to_cart', 'search', 'sign_up', 'download'][
            1 + (hash(visit, number, 'kind') % 5)::int], 2
    from placed
    where {_chance("visit", "number", "'acts'")} < 0.22
    union all
    select *, viewed_at + 31_000, 'conversion', 3 from placed
    where {_chance("visit", "number", "'buys'")} < 0.02
    union all
    select *, viewed_at + 2_000, 'web_vitals', 4 from placed
    where {_chance("visit", "number", "'measures'")} < 0.08
)
select
    *,
    'evt_' || left(md5(visit || ':' || number || ':' || part), 32) as event_id
from kinds
order by time, visit, part
"""

_ORIGIN = """
    case
        when source is null then null
        else 'https://' || lower(replace(source, ' ', '')) || '.example/'
    end as referrer,
    source,
    case
        when utm_campaign is not null then 'Paid Search'
        when source is null then 'Direct'
        when source in ('Google', 'Bing', 'Naver', 'DuckDuckGo') then 'Organic Search'
        when source in ('Facebook', 'YouTube', 'Reddit') then 'Organic Social'
        when source = 'ChatGPT' then 'AI Assistants'
        when source = 'newsletter' then 'Email'
        else 'Referral'
    end as channel,
    case when utm_campaign is not null then lower(source) end as utm_source,
    case when utm_campaign is not null then 'cpc' end as utm_medium,
    utm_campaign,
    country,
    language,
    device,
    browser,
    ['140', '141', '142'][1 + (hash(person, 'version') % 3)::int] as browser_version,
    os,
    ['10', '14', '15'][1 + (hash(person, 'os version') % 3)::int] as os_version,
    ([390, 1440, 1920, 820])[1 + (hash(person, 'screen') % 4)::int] as screen_width
"""

_EVENTS = f"""
insert into events by name
select
    md5_number(site || chr(0) || event_id)::uhugeint as event_key,
    site,
    user_key,
    case when part <> 4 then session_key end as session_key,
    time,
    time as timestamp,
    time + 120 as received_at,
    time as present_at,
    event_id,
    event_type,
    part <> 4 as interactive,
    site as host,
    page,
    'https://' || site || page as page_url,
    'Title of ' || page as page_title,
    case when event_type = 'engagement' then 1000 + (hash(visit, number, 'ms') % 59000)::int
        end as engagement_ms,
    case when event_type = 'engagement' then (hash(visit, number, 'depth') % 101)::int
        end as scroll_percent,
    case when hash(visit, number, part, 'properties') % 10 < 3 then json_object(
        'plan', ['free', 'team', 'business'][1 + (hash(visit, 'plan') % 3)::int],
        'variant', ['a', 'b'][1 + (visit % 2)::int],
        'position', number)::varchar end as properties,
    case when event_type = 'conversion' then (5 + hash(visit, 'amount') % 20000 / 100.0)
        ::decimal(18, 4) end as revenue_amount,
    case when event_type = 'conversion' then 'EUR' end as revenue_currency,
    {_ORIGIN}
from steps
"""

_RUNS = f"""
insert into runs by name
with summed as (
    select
        visit,
        min(time) as start_time,
        arg_min(event_id, (time, event_id)) as start_event,
        max(time) as last_activity,
        arg_max(event_id, (time, event_id)) as last_event,
        min(time) filter (where part = 0) as entry_time,
        arg_min(event_id, (time, event_id)) filter (where part = 0) as entry_event,
        arg_min(page, (time, event_id)) filter (where part = 0) as entry_page,
        max(time) filter (where part = 0) as exit_time,
        arg_max(event_id, (time, event_id)) filter (where part = 0) as exit_event,
        arg_max(page, (time, event_id)) filter (where part = 0) as exit_page,
        count(*) filter (where part = 0) as page_views,
        count(*) filter (where part <> 1) as total_events,
        count(*) filter (where part = 3) as conversions,
        coalesce(sum(1000 + (hash(visit, number, 'ms') % 59000)::int)
            filter (where part = 1), 0) as engagement_ms
    from steps
    where part <> 4
    group by visit
)
select
    session_key,
    site,
    user_key,
    'sess_' || left(md5('session' || visit), 32) as session_id,
    null as sent_id,
    summed.* exclude (visit),
    summed.last_activity as present_at,
    site as host,
    {_ORIGIN}
from summed
join visits using (visit)
order by summed.start_time
"""

_USERS = """
insert into users by name
select
    user_key,
    any_value(site) as site,
    'user-' || user_key as user_id,
    hash(user_key) % 5 = 0 as is_derived,
    min(start_time) as first_seen
from runs
group by user_key
order by first_seen
"""
