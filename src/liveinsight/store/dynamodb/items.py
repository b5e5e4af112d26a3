"""What the three DynamoDB tables hold: items made, and read back.

Names of attributes are names of fields. What equals its default is left out, so that
indexes stay sparse and a usual event stays below 1 KB, the size of a write unit.
All times are ms since 1970 UTC, but for `expires_at`: DynamoDB deletes by seconds.

Keys with `#` in ActiveSessions are not sessions: see `is_session_key`.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from liveinsight.core.event import Event
from liveinsight.core.limits import SECOND, SESSION_SILENCE
from liveinsight.core.session import Run

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

Item = dict[str, "AttributeValueTypeDef"]
"""Attributes by name, typed as DynamoDB's low-level calls want them."""

_NOT_STORED: Final = frozenset({"received_at", "present_at"})
"""They differ from send to send: a repeated put of the same bytes shall change nothing,
for then it costs one unit instead of three and leaves no record in the stream."""

_ALWAYS: Final = frozenset({"event_type", "channel"})
"""Stored even where they are the default: what people look for in a table."""

_SMALLEST_AMOUNT: Final = 1e-129
"""DynamoDB's smallest number is 1e-130; below it, it refuses the whole call."""


class Tables(msgspec.Struct, frozen=True):
    """The names of the three tables."""

    events: str = "LiveInsight-Events"
    sessions: str = "LiveInsight-Sessions"
    active: str = "LiveInsight-ActiveSessions"


def tables_of(environ: Mapping[str, str]) -> Tables:
    """The tables that the environment names, else those of the design."""
    usual = Tables()
    return Tables(
        events=environ.get("EVENTS_TABLE") or usual.events,
        sessions=environ.get("SESSIONS_TABLE") or usual.sessions,
        active=environ.get("ACTIVE_SESSIONS_TABLE") or usual.active,
    )


class _Owned(msgspec.Struct, frozen=True, kw_only=True):
    """Whose session an item is about."""

    session_id: str
    site: str
    user_id: str | None = None
    """As sent; the index over it holds nobody else."""
    visitor_id: str | None = None

    @property
    def user(self) -> str:
        """The visitor: the `user_id`, else the `visitor_id`."""
        return self.user_id or self.visitor_id or ""


class SessionRow(_Owned, frozen=True, kw_only=True):
    """One item of the Sessions table. Whether it is active is computed by its reader."""

    start_time: int
    last_activity: int
    entry_page: str | None = None
    exit_page: str | None = None
    referrer: str | None = None
    source: str | None = None
    channel: str = "Direct"
    campaign: str | None = None
    country: str | None = None
    device: str | None = None
    browser: str | None = None
    os: str | None = None
    page_views: int
    total_events: int
    conversions: int = 0
    engagement_ms: int = 0
    session_duration: int
    """ms"""
    sent_id: str | None = None
    start_event: str
    """With `sent_id` and `start_time` what decides by which id the run goes."""
    last_event: str
    folded: int
    """How many events this was folded from: a later fold never has fewer."""
    adjusted_from: int | None = None
    adjusted_to: int | None = None
    """The span of the `timestamp`s of its adjusted events, which indexes sort by."""
    is_partial: bool = False
    """More events than are folded: its counts say "at least", its times are right."""


class ActiveSession(_Owned, frozen=True, kw_only=True):
    """One item of ActiveSessions, by our clock.

    `page_views` is for the live page, not for accounts: requests that come late are not
    in it, and views that are sent again together with new ones are in it twice.

    Active is what has its `last_activity` at most 30 minutes ago, whatever the
    deletion by `expires_at` has got to.
    """

    start_time: int
    last_activity: int
    last_event: str
    current_page: str | None = None
    source: str | None = None
    channel: str | None = None
    country: str | None = None
    device: str | None = None
    browser: str | None = None
    os: str | None = None
    page_views: int = 0
    expires_at: int
    """Seconds since 1970."""


def event_item(event: Event) -> Item:
    """The item of the Events table; the same for every send of the same event.

    `properties` are one string of JSON: DynamoDB's numbers hold neither 1e300 nor the
    difference between 1 and 1.0.
    """
    item = _item_of(event)
    if event.properties:
        item["properties"] = {"S": msgspec.json.encode(event.properties).decode()}
    if event.revenue is not None:
        amount = event.revenue.amount
        number = repr(amount) if abs(amount) > _SMALLEST_AMOUNT else "0"
        item["revenue"] = {
            "M": {"amount": {"N": number}, "currency": {"S": event.revenue.currency}}
        }
    return item


def event_of(item: Mapping[str, "AttributeValueTypeDef"], received_at: int) -> Event:
    """The event that an item holds; `received_at` is the stream record's creation.

    The sender's clock at sending is not kept, so presence is the effective time, but
    never later than the receipt: nobody is present whose event came days late.
    """
    plain = plain_of(item)
    if "properties" in plain:
        plain["properties"] = msgspec.json.decode(plain["properties"])
    if "revenue" in plain:
        plain["revenue"]["amount"] = float(plain["revenue"]["amount"])
    time = plain.get("adjusted_timestamp", plain["timestamp"])
    present_at = min(time, received_at)
    return msgspec.convert(
        plain | {"received_at": received_at, "present_at": present_at}, Event
    )


def session_item(
    run: Run, session_id: str, folded: int, *, user_sent: bool = True
) -> Item:
    """The item of the Sessions table for a run that goes by `session_id`.

    `folded` is the number of events it was folded from; `user_sent` says whether its
    user is a `user_id`, and no `visitor_id`.
    """
    origin = run.origin
    return _item_of(
        SessionRow(
            session_id=session_id,
            site=run.site,
            user_id=run.user if user_sent else None,
            visitor_id=None if user_sent else run.user,
            start_time=run.start_time,
            last_activity=run.last_activity,
            entry_page=run.entry.page if run.entry else None,
            exit_page=run.exit.page if run.exit else None,
            referrer=origin.referrer,
            source=origin.source,
            channel=origin.channel,
            campaign=origin.utm_campaign,
            country=origin.country,
            device=origin.device,
            browser=origin.browser,
            os=origin.os,
            page_views=run.page_views,
            total_events=run.total_events,
            conversions=run.conversions,
            engagement_ms=run.engagement_ms,
            session_duration=run.last_activity - run.start_time,
            sent_id=run.sent_id,
            start_event=run.start_event,
            last_event=run.last_event,
            folded=folded,
        )
    )


def session_of(item: Mapping[str, "AttributeValueTypeDef"]) -> SessionRow:
    """The session that an item of Sessions holds."""
    return msgspec.convert(plain_of(item), SessionRow)


def active_of(item: Mapping[str, "AttributeValueTypeDef"]) -> ActiveSession:
    """The active session that an item of ActiveSessions holds."""
    return msgspec.convert(plain_of(item), ActiveSession)


def active_session(
    run: Run, session_id: str, *, user_sent: bool = True
) -> ActiveSession:
    """The live form of a run, moved to our clock: its last event was at `present_at`."""
    return ActiveSession(
        session_id=session_id,
        site=run.site,
        user_id=run.user if user_sent else None,
        visitor_id=None if user_sent else run.user,
        start_time=run.present_at - (run.last_activity - run.start_time),
        last_activity=run.present_at,
        last_event=run.last_event,
        current_page=run.exit.page if run.exit else None,
        source=run.origin.source,
        channel=run.origin.channel,
        country=run.origin.country,
        device=run.origin.device,
        browser=run.origin.browser,
        os=run.origin.os,
        page_views=run.page_views,
        expires_at=expires_at(run.present_at),
    )


def active_item(session: ActiveSession) -> Item:
    """The item of ActiveSessions.

    What the first event says and then is fixed is there even if it says nothing: else
    a later event would be asked.
    """
    nothing: Item = {name: {"NULL": True} for name in FIXED_AT_FIRST}
    return nothing | _item_of(session)


FIXED_AT_FIRST: Final = ("source", "channel", "country", "device", "browser", "os")


def is_session_key(key: str) -> bool:
    """Whether an item of ActiveSessions is a session, not a pointer or a salt."""
    return key.startswith("sess_")


def expires_at(last_activity: int) -> int:
    """When a session that was active then (ms) has ended: seconds, rounded up."""
    return -(-(last_activity + SESSION_SILENCE) // SECOND)


def plain_of(item: Mapping[str, "AttributeValueTypeDef"]) -> dict[str, Any]:
    """The item's values; its numbers are integers, or strings if they have a fraction."""
    return {name: _plain(value) for name, value in item.items()}


def _plain(attribute: "AttributeValueTypeDef") -> Any:  # noqa: ANN401 as JSON is
    kind, value = next(iter(attribute.items()))
    if kind == "NULL":
        return None
    if kind == "N":
        text = str(value)
        return int(text) if text.lstrip("-").isdigit() else text
    if kind == "M":
        return plain_of(value)  # type: ignore[arg-type]  # what M holds
    return value


@cache
def _defaults(struct: type[msgspec.Struct]) -> Sequence[tuple[str, object]]:
    fields = msgspec.structs.fields(struct)
    return [(field.name, field.default) for field in fields]


def _item_of(struct: msgspec.Struct) -> Item:
    """Fields that are text, integers or truth, where they differ from their default."""
    item: Item = {}
    for name, default in _defaults(type(struct)):
        value = getattr(struct, name)
        if name in _NOT_STORED or (value == default and name not in _ALWAYS):
            continue
        if isinstance(value, bool):
            item[name] = {"BOOL": value}
        elif isinstance(value, int):
            item[name] = {"N": str(value)}
        elif isinstance(value, str):
            item[name] = {"S": value}
    return item
