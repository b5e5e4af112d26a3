-- The warehouse. Derived from inbox and archive, so it can always be rebuilt.
-- All times are ms since 1970 UTC. Keys are 128-bit, of users 64-bit: see 002.

create table events (
    event_key uhugeint not null,
    site varchar not null,
    user_key uhugeint not null,
    -- the run it belongs to; null: not interactive, hence part of none
    session_key uhugeint,
    -- the effective time; decides order, sessions and metrics
    time bigint not null,
    timestamp bigint not null,
    received_at bigint not null,
    -- on our clock; decides who is here now
    present_at bigint not null,
    event_id varchar not null,
    event_type varchar not null,
    interactive boolean not null,
    host varchar,
    page varchar,
    page_url varchar,
    page_title varchar,
    referrer varchar,
    source varchar,
    channel varchar not null,
    utm_source varchar,
    utm_medium varchar,
    utm_campaign varchar,
    utm_term varchar,
    utm_content varchar,
    country varchar,
    region varchar,
    city varchar,
    language varchar,
    device varchar,
    browser varchar,
    browser_version varchar,
    os varchar,
    os_version varchar,
    screen_width integer,
    engagement_ms integer,
    scroll_percent integer,
    properties varchar, -- a JSON object
    revenue_amount decimal(18, 4),
    revenue_currency varchar,
    ip varchar,
    -- the sender's session id, if one came: a fold from this table needs it
    sent_session_id varchar
);

-- A user's runs of events without a silence over 30 minutes. One with
-- total_events = 0 (engagement only) is no session, but may become one.
create table runs (
    -- of (site, user, start_event): the made id's 32 hex digits as a number
    session_key uhugeint not null,
    site varchar not null,
    user_key uhugeint not null,
    session_id varchar not null,   -- unique in the site
    sent_id varchar,               -- the sender's, if it came with the first event
    start_time bigint not null,
    start_event varchar not null,
    last_activity bigint not null,
    last_event varchar not null,
    present_at bigint not null,    -- the latest
    entry_time bigint,
    entry_event varchar,
    entry_page varchar,
    exit_time bigint,
    exit_event varchar,
    exit_page varchar,
    host varchar,
    page_views integer not null,
    total_events integer not null, -- interactive, engagement left out
    conversions integer not null,
    engagement_ms bigint not null,
    referrer varchar,
    source varchar,
    channel varchar not null,
    utm_source varchar,
    utm_medium varchar,
    utm_campaign varchar,
    utm_term varchar,
    utm_content varchar,
    country varchar,
    region varchar,
    city varchar,
    language varchar,
    device varchar,
    browser varchar,
    browser_version varchar,
    os varchar,
    os_version varchar,
    screen_width integer
);

create view sessions as
select
    *,
    last_activity - start_time as session_duration,
    page_views < 2 and total_events = page_views as is_bounce
from runs
where total_events > 0;

create table users (
    user_key uhugeint not null,
    site varchar not null,
    user_id varchar not null,     -- the user_id, else the visitor_id
    is_derived boolean not null,  -- a visitor_id
    first_seen bigint not null
);

-- Every session id that a reply gave, and the first event it was given for:
-- the run that holds this event is the session that the id means.
create table given_ids (
    given_key uhugeint not null, -- of (site, given_id)
    site varchar not null,
    given_id varchar not null,
    user_key uhugeint not null,
    time bigint not null,
    event_id varchar not null
);

create table ledger (
    site varchar not null,
    hour bigint not null, -- start of the hour of receipt
    outcome varchar not null,
    reason varchar not null,
    count bigint not null
);

create table marks (
    name varchar not null, -- 'inbox': the last row applied; 'archive:NAME': done
    value bigint not null
);
