"""How new events change the runs that are stored, and the ids these go by."""

import re
from collections.abc import Iterable, Sequence

import msgspec

from liveinsight.core.event import Event
from liveinsight.core.limits import LATEST_TIMESTAMP, SESSION_SILENCE
from liveinsight.core.session import Claim, Run, fold, join, session_ids
from liveinsight.store import apply_runs_sql
from liveinsight.store.sql import Sql

User = tuple[str, str]

_MADE = re.compile(r"sess_[0-9a-f]{32}")


class StoredRun(msgspec.Struct, frozen=True):
    """A run, its key as a decimal number, and the id it goes by."""

    session_key: str
    session_id: str
    run: Run


class Placed:
    """Where the events of a batch ended up: their runs' keys."""

    def __init__(self) -> None:
        self._spans: dict[User, list[tuple[int, int, str]]] = {}
        self.moves: list[tuple[str, str]] = []
        """(old, new) keys of runs whose events take another key."""
        self.moved_from = LATEST_TIMESTAMP
        self.moved_to = 0

    def add(self, run: Run, key: str) -> None:
        """Takes in one of the runs that the batch's events are in."""
        self._spans.setdefault((run.site, run.user), []).append(
            (run.start_time, run.last_activity, key)
        )

    def move(self, old: StoredRun, key: str) -> None:
        """Notes that the events of `old` are now those of the run `key`."""
        self.moves.append((old.session_key, key))
        self.moved_from = min(self.moved_from, old.run.start_time)
        self.moved_to = max(self.moved_to, old.run.last_activity)

    def key_of(self, event: Event) -> str | None:
        """The key of the event's run; None if it is in none, or to be refolded."""
        if not event.interactive and event.event_type != "engagement":
            return None
        time = event.time
        for start, last, key in self._spans.get((event.site, event.user), ()):
            if start <= time <= last:
                return key
        return None


def encode(value: object) -> str:
    """As a parameter."""
    return msgspec.json.encode(value).decode()


def session_key(made_id: str) -> str:
    """The made id's 128 bits, as a decimal number."""
    return str(int(made_id[5:], 16))


def place_runs(sql: Sql, events: Iterable[Event]) -> Placed:
    """Folds new events into the stored runs, and says where they are."""
    new = _by_user(fold(events))
    old: dict[User, list[StoredRun]] = {}
    for stored in _runs_near(sql, new):
        old.setdefault((stored.run.site, stored.run.user), []).append(stored)
    placed, joined = Placed(), list[Run]()
    for user, runs in new.items():
        before = old.get(user, [])
        after = join([*(stored.run for stored in before), *runs])
        joined += after
        for run in after:
            key = session_key(run.made_id)
            placed.add(run, key)
            for stored in before:
                start = stored.run.start_time
                if (
                    stored.session_key != key
                    and run.start_time <= start <= run.last_activity
                ):
                    placed.move(stored, key)
    replace_runs(sql, [run for runs in old.values() for run in runs], joined)
    return placed


def replace_runs(sql: Sql, old: Sequence[StoredRun], new: Sequence[Run]) -> None:
    """Writes `new` in the place of `old`, and names whatever run that renames."""
    before = {stored.session_key: stored for stored in old}
    after = {session_key(run.made_id): run for run in new}
    changed = {
        key: run
        for key, run in after.items()
        if key not in before or before[key].run != run
    }
    gone = [key for key in before if key not in after or key in changed]
    if gone:
        sql(apply_runs_sql.DELETE_RUNS, encode(gone))
    ids = {key: stored.session_id for key, stored in before.items()}
    claims = {key: run.claim for key, run in changed.items()}
    was = {key: before[key].run.claim for key in gone}
    unsettled = [
        (before[key].run.site, was[key]) for key in gone if claims.get(key) != was[key]
    ] + [
        (changed[key].site, claim)
        for key, claim in claims.items()
        if was.get(key) != claim
    ]
    if unsettled:
        ids |= _name(sql, unsettled, changed, claims)
    if changed:
        rows = [StoredRun(key, ids[key], run) for key, run in changed.items()]
        sql(apply_runs_sql.INSERT_RUNS, encode(rows))


def runs_of_user(sql: Sql, site: str, user: str) -> list[StoredRun]:
    """All stored runs of a user."""
    touched = [{"site": site, "user_id": user, "earliest": 0, "latest": 1 << 60}]
    return _decode(sql(apply_runs_sql.RUNS_NEAR, encode(touched), 0, 1 << 60))


def _name(
    sql: Sql,
    unsettled: Iterable[tuple[str, Claim]],
    changed: dict[str, Run],
    claims: dict[str, Claim],
) -> dict[str, str]:
    """The ids of the changed runs; the other runs that these rename are updated.

    Whoever claims an id that a run came to claim, or claims no longer, is asked
    for, and whoever claims the made id of a run that came or went.
    """
    names = {
        (site, name)
        for site, claim in unsettled
        for name in (claim.sent_id, claim.made_id)
        if name is not None
    }
    # A claim that stands is settled with its rivals in view, or not at all.
    names |= {
        (changed[key].site, claim.sent_id)
        for key, claim in claims.items()
        if claim.sent_id is not None
    }
    asked = [{"site": site, "sent_id": name} for site, name in sorted(names)]
    by_site: dict[str, dict[str, Claim]] = {}
    stored_ids: dict[str, str] = {}
    for in_hex, site, sent, start, event, session_id in sql(
        apply_runs_sql.CLAIMS, encode(asked)
    ):
        key = _decimal(str(in_hex))
        by_site.setdefault(str(site), {})[key] = Claim(
            made_id=f"sess_{int(key):032x}",
            sent_id=str(sent),
            start_time=int(str(start)),
            start_event=str(event),
        )
        stored_ids[key] = str(session_id)
    for key, claim in claims.items():
        by_site.setdefault(changed[key].site, {})[key] = claim
    ids: dict[str, str] = {}
    for site, of_site in by_site.items():
        made = _made_elsewhere(sql, site, of_site)
        ids |= zip(of_site, session_ids(list(of_site.values()), made), strict=True)
    renamed = [
        {"session_key": key, "session_id": ids[key]}
        for key, session_id in stored_ids.items()
        if ids[key] != session_id
    ]
    if renamed:
        sql(apply_runs_sql.RENAME_RUNS, encode(renamed))
    return {key: ids[key] for key in changed}


def _made_elsewhere(sql: Sql, site: str, claims: dict[str, Claim]) -> set[str]:
    """Which of the sent ids are made ids of the site's stored runs."""
    keys = [
        session_key(claim.sent_id)
        for claim in claims.values()
        if claim.sent_id is not None and _MADE.fullmatch(claim.sent_id)
    ]
    if not keys:
        return set()
    return {
        f"sess_{int(str(key), 16):032x}"
        for key, of_site in sql(apply_runs_sql.RUNS_EXISTING, encode(keys))
        if of_site == site
    }


def _runs_near(sql: Sql, new: dict[User, list[Run]]) -> list[StoredRun]:
    if not new:
        return []
    touched = [
        {
            "site": site,
            "user_id": user,
            "earliest": runs[0].start_time - SESSION_SILENCE,
            "latest": runs[-1].last_activity + SESSION_SILENCE,
        }
        for (site, user), runs in new.items()
    ]
    spans = [(runs[0].start_time, runs[-1].last_activity) for runs in new.values()]
    return _decode(
        sql(
            apply_runs_sql.RUNS_NEAR,
            encode(touched),
            min(start for start, _ in spans) - SESSION_SILENCE,
            max(last for _, last in spans) + SESSION_SILENCE,
        )
    )


def _decode(rows: list[tuple[object, ...]]) -> list[StoredRun]:
    found = rows[0][0]
    if not found:
        return []
    return [
        StoredRun(_decimal(stored.session_key), stored.session_id, stored.run)
        for stored in msgspec.json.decode(str(found), type=list[StoredRun])
    ]


def _decimal(in_hex: str) -> str:
    return str(int(in_hex, 16))


def _by_user(runs: Iterable[Run]) -> dict[User, list[Run]]:
    users: dict[User, list[Run]] = {}
    for run in runs:
        users.setdefault((run.site, run.user), []).append(run)
    return users
