"""What the readers of other tools' files share: an event of page, referrer and visitor."""

from functools import lru_cache

from msgspec.structs import replace

from liveinsight.core.event import Event
from liveinsight.core.session import made_session_id
from liveinsight.core.source import Source, classify
from liveinsight.core.url import Url, readable_path, split_url
from liveinsight.store.running import RunningSessions


class Visits:
    """Gives each event the id of its session, as the door would have."""

    def __init__(self) -> None:
        self._running = RunningSessions()

    def is_running(self, site: str, user: str, at: int) -> bool:
        """Whether the user's latest session reaches `at` (ms)."""
        return self._running.is_running(site, user, at)

    def session_of(self, site: str, user: str, at: int, event_id: str) -> str:
        """The id of the user's session at `at` (ms)."""
        proposed = made_session_id(site, user, event_id)
        return self._running.session_of(site, user, at, proposed, sent=False)


@lru_cache(maxsize=4096)
def _arrival_of(page_url: str, referrer: str) -> tuple[Url | None, str | None, Source]:
    page = split_url(page_url)
    came_from = split_url(referrer) if referrer else None
    path = None if page is None else readable_path(page.path)
    return page, path, classify(page, came_from)


def with_page(event: Event, page_url: str, referrer: str) -> Event | None:
    """The event on its page, with who sent the visitor; None if that is no URL."""
    page, path, source = _arrival_of(page_url, referrer)
    if page is None:
        return None
    return replace(
        event,
        page_url=page_url,
        host=page.host,
        page=path,
        **{name: getattr(source, name) for name in Source.__struct_fields__},
    )


def within(text: str, most: int) -> str | None:
    """The text, at most `most` characters of it; None if there is none."""
    return text.strip()[:most] or None
