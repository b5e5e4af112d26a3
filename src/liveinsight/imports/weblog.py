"""The access logs of web servers, in the combined format of Apache and nginx.

A line becomes a page view where a person's browser asked for a page and got it. An
address is used as at the door: for country and visitor id, and then forgotten.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from hashlib import blake2b

import msgspec

from liveinsight.core import limits
from liveinsight.core.device import USER_AGENT_CHARS, parse_user_agent
from liveinsight.core.event import Event
from liveinsight.core.site import Site
from liveinsight.core.url import host_of
from liveinsight.core.user_id import visitor_id
from liveinsight.errors import ConfigError
from liveinsight.imports.foreign import Visits, with_page
from liveinsight.imports.model import Lines, Outcome, Reason, Terms, skip

LINE_BYTES = 16 * 1024
LINE = re.compile(
    r"(?:(?P<host>[^\s:]+)(?::\d+)? )?(?P<address>\S+) \S+ \S+ "
    r"\[(?P<time>[^\]]{20,32})\] "
    r'"(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) \S+ '
    r'"(?P<referrer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)"'
)
_TIME = re.compile(
    r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"
)
_MONTHS = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]
_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(.))")
_NAMED = {b"n": b"\n", b"t": b"\t", b"r": b"\r"}

_FILE = re.compile(r"\.([a-z][a-z0-9]{0,7})$", re.IGNORECASE)
_PAGES = frozenset(
    {"htm", "html", "xhtml", "shtml", "php", "php5", "asp", "aspx", "jsp", "jspx"}
    | {"do", "action", "cfm", "cgi", "pl", "md", "amp"}
)
"""What a page's path may end with; with anything else it is a file."""

_BROWSERS = ("Mozilla/", "Opera/")
"""What every browser's user agent begins with; programs that fetch call themselves
by their own name."""

_UNCHANGED = 304


def is_log_line(line: bytes) -> bool:
    """Whether it is a line of a log in the combined format."""
    return LINE.match(_decode(line)) is not None


def time_of_line(line: bytes) -> int:
    """When it was written, ms.

    Raises:
        ConfigError: it is no line of such a log.
    """
    match = LINE.match(_decode(line))
    at = None if match is None else _time_of(match["time"])
    if at is None:
        raise ConfigError(
            "the first line is no line of a log in the combined format: "
            f"{line[:80].decode(errors='replace')}"
        )
    return at


class LogReader:
    """Reads the logs of one site, one file after the other, oldest first."""

    def __init__(self, terms: Terms) -> None:
        if not terms.site:
            raise ConfigError("say with --site whose log it is")
        self._terms = terms
        self._site = terms.sites.get(terms.site)
        self._visits = Visits()
        self._second = 0
        self._seen: dict[bytes, int] = {}

    def read(self, lines: Lines) -> Iterator[Outcome]:
        """What becomes of each line."""
        for line in lines:
            if line.strip():
                yield self._outcome_of(line)

    def _outcome_of(self, line: bytes) -> Outcome:
        text = _decode(line)
        match = LINE.match(text) if len(line) <= LINE_BYTES else None
        at = None if match is None else _time_of(match["time"])
        if match is None or at is None:
            return skip(Reason.MALFORMED, line)
        event_id = self._event_id(line, at)
        agent = _unescape(match["agent"])[:USER_AGENT_CHARS]
        page_url = self._page_url(match["host"], _unescape(match["request"]))
        reason = (
            _reason_of_answer(int(match["status"]))
            or (page_url if isinstance(page_url, Reason) else None)
            or _reason_of_sender(agent, match["address"], self._site)
        )
        if reason is not None or isinstance(page_url, Reason):
            return skip(reason or Reason.MALFORMED, line)
        referrer = _unescape(match["referrer"])
        found = _Hit(event_id, at, page_url, referrer, match["address"], agent)
        event = self._event(found)
        if event is None:
            return skip(Reason.MALFORMED, line)
        refused = self._terms.refuse(event)
        return event if refused is None else skip(refused, line)

    def _event_id(self, line: bytes, at: int) -> str:
        """The same for the same line in whatever file; two alike are two."""
        if at != self._second:
            self._second = at
            self._seen.clear()
        digest = blake2b(self._site.id.encode() + b"\0" + line.strip(), digest_size=16)
        key = digest.digest()
        number = self._seen[key] = self._seen.get(key, 0) + 1
        return f"evt_log_{key.hex()}" + (f"_{number}" if number > 1 else "")

    def _page_url(self, host: str | None, request: str) -> "str | Reason":
        """The address of the page that was asked for; a reason if it was none."""
        method, _, rest = request.partition(" ")
        target = rest.rpartition(" ")[0] or rest
        if method != "GET":
            return Reason.NOT_A_GET if method.isupper() else Reason.MALFORMED
        site = self._site.id
        named = host_of(host) if host else site
        if named != site and not named.endswith(f".{site}"):
            return Reason.OTHER_SITE
        page_url = f"https://{named}{target}"
        if not target.startswith("/") or len(page_url) > limits.URL_CHARS:
            return Reason.MALFORMED
        ending = _FILE.search(target.partition("?")[0])
        if ending is not None and ending[1].lower() not in _PAGES:
            return Reason.NOT_A_PAGE
        return page_url

    def _event(self, hit: "_Hit") -> Event | None:
        site, device = self._site, parse_user_agent(hit.agent)
        place = self._terms.place_of(hit.address)
        visitor = self._visitor(hit)
        event = Event(
            site=site.id,
            country=place.country,
            region=place.region,
            city=place.city,
            device=device.device,
            browser=device.browser,
            browser_version=device.browser_version,
            os=device.os,
            os_version=device.os_version,
            ip=hit.address if site.keep_addresses else None,
            visitor_id=visitor,
            session_id=self._visits.session_of(site.id, visitor, hit.at, hit.event_id),
            received_at=hit.at,
            present_at=hit.at,
            event_id=hit.event_id,
            timestamp=hit.at,
        )
        is_short = len(hit.referrer) <= limits.URL_CHARS
        return with_page(event, hit.page_url, hit.referrer if is_short else "")

    def _visitor(self, hit: "_Hit") -> str:
        """As at the door: of a day, but who is here over midnight stays the same."""
        day, site = hit.at // limits.DAY, self._site.id
        before, today = (
            visitor_id(self._salt(each), site, hit.address, hit.agent)
            for each in (day - 1, day)
        )
        return before if self._visits.is_running(site, before, hit.at) else today

    def _salt(self, day: int) -> bytes:
        return _salt(self._terms.key, day)


class _Hit(msgspec.Struct, frozen=True):
    """A view of a page, as a line tells it."""

    event_id: str
    at: int
    page_url: str
    referrer: str
    address: str
    agent: str


@lru_cache(maxsize=4)
def _salt(key: bytes, day: int) -> bytes:
    return blake2b(str(day).encode(), key=key, digest_size=16).digest()


def _reason_of_answer(status: int) -> Reason | None:
    if 200 <= status < 300 or status == _UNCHANGED:
        return None
    return Reason.REDIRECT if 300 <= status < 400 else Reason.ERROR


@lru_cache(maxsize=8192)
def _is_bot(agent: str) -> bool:
    return not agent.startswith(_BROWSERS) or parse_user_agent(agent).is_bot


def _reason_of_sender(agent: str, address: str, site: Site) -> Reason | None:
    if _is_bot(agent):
        return Reason.BOT
    return Reason.EXCLUDED_ADDRESS if site.excludes(address) else None


def _decode(line: bytes) -> str:
    return line.rstrip(b"\r\n").decode("utf-8", errors="replace")


def _unescape(text: str) -> str:
    """The text before the server wrote quotes and bytes of other scripts as escapes."""
    if "\\" not in text:
        return "" if text == "-" else text
    return _ESCAPE.sub(_byte, text.encode()).decode("utf-8", errors="replace")


def _byte(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return bytes([int(match[1], 16)])
    return _NAMED.get(match[2], match[2])


@lru_cache(maxsize=256)
def _time_of(text: str) -> int | None:
    """The time in ms; None if it is none of the years 2000 to 2100."""
    match = _TIME.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        return None
    day, month, year, hour, minute, second = match.group(1, 2, 3, 4, 5, 6)
    offset = timedelta(hours=int(match[8]), minutes=int(match[9]))
    try:
        zone = timezone(-offset if match[7] == "-" else offset)
        moment = datetime(
            *(int(year), _MONTHS.index(month) + 1, int(day)),
            *(int(hour), int(minute), int(second)),
            tzinfo=zone,
        )
        at = int(moment.astimezone(UTC).timestamp()) * limits.SECOND
    except (ValueError, OverflowError):
        return None
    in_bounds = limits.EARLIEST_TIMESTAMP <= at <= limits.LATEST_TIMESTAMP
    return at if in_bounds else None
