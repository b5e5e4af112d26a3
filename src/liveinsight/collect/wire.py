"""The wire format as a table: the rule and the meaning of each field.

The rules come from RawEvent's own limits, so that the decoder, its error messages
and docs/wire-format.md cannot differ.
"""

import re
from functools import cache

import msgspec
from msgspec import inspect

from liveinsight.core import limits
from liveinsight.core.event import RawEvent
from liveinsight.errors import PayloadError

_PATH = re.compile(r"at `\$\.?([a-z_.]*)")
_MISSING = re.compile(r"required field `(\w+)`")

_PATTERNS = {
    limits.EVENT_ID_PATTERN: "a string of 8 to 64 letters A to Z or a to z, digits, _ and -",
    limits.CURRENCY_PATTERN: "a currency code of three letters (ISO 4217)",
}

URL_RULE = (
    f"an absolute URL (http, https or an app's scheme) of at most "
    f"{limits.URL_CHARS} characters"
)

_SPECIAL = {
    "page_url": URL_RULE,
    "referrer": URL_RULE,
    "site": f"a domain of at most {limits.SITE_CHARS} characters",
    "timestamp": "an integer, ms since 1970 UTC, of the years 2000 to 2100",
    "sent_at": "an integer, ms since 1970 UTC, of the years 2000 to 2100",
    "properties": (
        f"an object of at most {limits.PROPERTY_KEYS} keys (1 to "
        f"{limits.PROPERTY_KEY_CHARS} characters each) with strings of at most "
        f"{limits.PROPERTY_CHARS} characters, numbers, booleans or null"
    ),
    "revenue": "an object with `amount` (number) and `currency`",
    "event": "a JSON object",
    "events": f"an array of 1 to {limits.BATCH_EVENTS} events",
    "body": "one JSON object in UTF-8",
}

MEANINGS = {
    "event_type": "`page_view` (the default), `click`, `engagement`, `conversion`, "
    "or a name of your own",
    "event_id": "your idempotency key: the same id is stored once, for ever. Stored "
    "as `evt_…`; made by the server if absent, and then sending again is your risk",
    "timestamp": "when it happened, by your clock, fixed at creation; default: when "
    "it was received",
    "user_id": "the visitor: one browser on one site. Without it the server derives "
    "one for the day, from address and browser, and keeps neither",
    "session_id": "your session; without it the server continues or opens one and "
    "says its id in the reply",
    "page_url": "the page it happened on, with its campaign parameters",
    "referrer": "where the visitor came from; kept without its query. Empty is absent",
    "page_title": "the page's title",
    "site": "the site's domain; default: the configured site that the host of "
    "`page_url` is or lies under. One of the two is needed",
    "screen_width": "CSS pixels, for the device class where the browser tells none",
    "language": "BCP 47, such as `ko-KR`",
    "timezone": "IANA name, such as `Asia/Seoul`, for the country where neither "
    "proxy nor address tells one",
    "engagement_ms": "on `engagement` events: time that the page was visible and "
    "focused",
    "scroll_percent": "on `engagement` events: the deepest point reached",
    "properties": "your own data",
    "revenue": "on conversions: what it brought",
    "revenue.amount": "in units of the currency, not cents",
    "revenue.currency": "ISO 4217, such as `KRW`",
    "interactive": "default true; false for what the visitor did not do (web vitals, "
    "errors): it opens and extends no session and clears no bounce",
    "sent_at": "of the request, beside `events` or in the single event: your clock "
    "at sending. Only for who is present now, so that a wrong clock hides nobody",
}


@cache
def rules() -> dict[str, str]:
    """Field → what it must be, for all fields of an event and of a request."""
    found: dict[str, str] = {}
    _describe(RawEvent, "", found)
    return found | _SPECIAL


def refused(field: str) -> PayloadError:
    """The error of a field that is not what it must be."""
    return PayloadError(field, f"must be {rules()[field]}")


def field_of(error: msgspec.ValidationError, otherwise: str) -> str:
    """The field that msgspec's message points at, as far as the table knows it."""
    message = str(error)
    path = _PATH.search(message)
    field = path[1].strip(".") if path else ""
    missing = _MISSING.search(message)
    if missing and f"{field}.{missing[1]}" in rules():
        return f"{field}.{missing[1]}"
    return field if field in rules() else otherwise


def _describe(struct: type[msgspec.Struct], prefix: str, found: dict[str, str]) -> None:
    described = inspect.type_info(struct)
    if not isinstance(described, inspect.StructType):
        return
    for field in described.fields:
        name, type_ = prefix + field.name, _present(field.type)
        found[name] = _rule_of(type_)
        if isinstance(type_, inspect.StructType):
            _describe(type_.cls, name + ".", found)


def _present(type_: inspect.Type) -> inspect.Type:
    """The type that a field has when it is there."""
    if not isinstance(type_, inspect.UnionType):
        return type_
    kinds = [kind for kind in type_.types if not isinstance(kind, inspect.NoneType)]
    return kinds[0] if len(kinds) == 1 else type_


def _rule_of(type_: inspect.Type) -> str:
    match type_:
        case inspect.StrType(pattern=str(pattern)):
            return _PATTERNS[pattern]
        case inspect.StrType(min_length=shortest, max_length=longest):
            span = f"{shortest} to" if shortest else "at most"
            return f"a string of {span} {longest} characters"
        case inspect.IntType(ge=least, le=most):
            return f"an integer from {least} to {most}"
        case inspect.FloatType(ge=float(least), le=float(most)):
            return f"a number from {least:g} to {most:g}"
        case inspect.BoolType():
            return "true or false"
        case _:
            return "an object"


def wire_format_markdown() -> str:
    """The field table of docs/wire-format.md."""
    table = rules()
    lines = ["| field | must be | meaning |", "|---|---|---|"]
    lines += [
        f"| `{field}` | {table[field]} | {meaning} |"
        for field, meaning in MEANINGS.items()
    ]
    return "\n".join([*_HEAD, *lines, "", *_TAIL]) + "\n"


_HEAD = [
    "# The wire format: `POST /events`",
    "",
    'The body is one event as a JSON object, or `{"events": [ … ]}` with up to '
    f"{limits.BATCH_EVENTS}. `Content-Type: application/json` or `text/plain` (what "
    "the tracker sends, as browsers ask nothing before it); which of the two does "
    "not matter. `Content-Encoding: gzip` is understood, one member. At most "
    f"{limits.BODY_BYTES} bytes, {limits.COMPRESSED_BYTES} compressed.",
    "",
    "All fields are optional. `null` means absent, unknown fields are ignored, "
    "numbers are never read from strings. NUL characters and halves of surrogate "
    "pairs are refused anywhere, and so is a key that stands twice in one object.",
    "",
]

_TAIL = [
    "## The reply",
    "",
    'To one event, 200: `{"message": "Event processed successfully", "event_id": '
    '"evt_…", "session_id": "sess_…", "status": "accepted"}`. To a batch: the same '
    "message and `results`, one `{event_id, session_id, status, reason?}` per event, "
    "in order; a bad event never spoils its neighbours.",
    "",
    "| `status` | means |",
    "|---|---|",
    "| `accepted` | stored, unless the warehouse finds later that it knew the id |",
    "| `duplicate` | known before (`repeated`), or the same id with other content "
    "(`conflict`); the first stays |",
    "| `dropped` | valid but not counted: `bot`, `excluded_address`, `unknown_site`, "
    "`origin_not_allowed`; a single event's message is `Event dropped` |",
    "| `rejected` | malformed; `reason` names field and rule |",
    "",
    "The header `X-LiveInsight` says the same in one line: `accepted`, `duplicate`, "
    "`dropped: REASON` or `rejected: FIELD`; for a batch each that occurs, with "
    "commas between.",
    "",
    "| HTTP status | means | then |",
    "|---|---|---|",
    "| 200 | each event reported accepted or duplicate is on disk | forget them |",
    "| 400 | malformed; the body names `field` and `reason` | never send again |",
    "| 405, 413, 415 | wrong method, too large, wrong type | never send again |",
    "| 429, 503 with `Retry-After` | nothing in this request is promised | send "
    "later, with the same ids |",
    "",
    "Every reply, errors too, carries `Access-Control-Allow-Origin: *`, "
    "`Access-Control-Allow-Headers: Content-Type` and `Access-Control-Allow-Methods: "
    "POST,OPTIONS`. A site that lists its allowed origins gets the origin echoed "
    "with `Vary: Origin`, and events of other origins are dropped.",
]
