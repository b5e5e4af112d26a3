-- The durable inbox: what has been acknowledged, until warehouse and archive hold it.

-- A group of requests, of one UTC hour of receipt: its events as newline-JSON.
create table if not exists inbox (
    seq integer primary key autoincrement,
    hour integer not null,
    events integer not null,
    body blob not null
);

-- What the door counted. Never removed: an account of all that ever came.
create table if not exists ledger (
    site text not null,
    hour integer not null,
    outcome text not null,
    reason text not null,
    count integer not null,
    primary key (site, hour, outcome, reason)
) without rowid;

create table if not exists samples (
    id integer primary key,
    site text not null,
    outcome text not null,
    reason text not null,
    received_at integer not null,
    text text not null
);
create index if not exists samples_of_a_reason on samples (site, outcome, reason, id);

-- 20 of each kind and 1,000 in all: a flood of bad events must not fill the disk.
create trigger if not exists samples_are_few after insert on samples begin
    delete from samples where id <= new.id - 1000;
    delete from samples
    where site = new.site and outcome = new.outcome and reason = new.reason
        and id <= (
            select id from samples
            where site = new.site and outcome = new.outcome and reason = new.reason
            order by id desc limit 1 offset 20
        );
end;

-- Sites that have had an event recorded.
create table if not exists hosts (host text primary key) without rowid;

-- 'archived': the last seq that the archive holds; 'applied', see checkpointed.
create table if not exists marks (
    name text primary key,
    value integer not null
) without rowid;

-- Salts of derived visitor ids, by UTC day; gone after 48 hours.
create table if not exists salts (
    day integer primary key,
    salt blob not null
);

-- People to be erased: a row is there until nothing of them is left anywhere.
create table if not exists erasures (
    id integer primary key autoincrement,
    site text not null,
    user text not null,
    asked_seq integer not null, -- the newest row then
    copies blob,   -- JSON of store.person.Copy of the archive; null: not searched yet
    forgotten blob -- JSON of store.person.Copies; null: the inbox still has them
);

-- One statement is one transaction is one release of Python's lock: in the busy
-- server each further statement waits up to the switch interval (5 ms) for it.
create view if not exists commits as
select hour, events, body, '' as ledger, '' as samples, '' as hosts from inbox;

create trigger if not exists commit_a_group instead of insert on commits begin
    insert into inbox (hour, events, body)
    select new.hour, new.events, new.body where new.events > 0;

    insert into ledger (site, hour, outcome, reason, count)
    select
        json_extract(value, '$[0]'), json_extract(value, '$[1]'),
        json_extract(value, '$[2]'), json_extract(value, '$[3]'),
        json_extract(value, '$[4]')
    from json_each(new.ledger)
    where true
    on conflict do update set count = count + excluded.count;

    insert into samples (site, outcome, reason, received_at, text)
    select
        json_extract(value, '$.site'), json_extract(value, '$.outcome'),
        json_extract(value, '$.reason'), json_extract(value, '$.received_at'),
        json_extract(value, '$.text')
    from json_each(new.samples);

    insert or ignore into hosts (host) select value from json_each(new.hosts);
end;
