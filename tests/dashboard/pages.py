"""Pages as a test reads them: what they say, and where they lead."""

import re
from html import unescape
from typing import Any

from django.test import Client

from liveinsight.core.event import Event
from liveinsight.dashboard.sites import add_site
from tests.dashboard.clients import an_account
from tests.dashboard.project import NOW, SITE, a_server, a_visit_of
from tests.query.tables import MINUTE


class Shown:
    """A page that was answered."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.status: int = response.status_code
        self.html: str = response.content.decode()
        self.context: Any = response.context

    @property
    def text(self) -> str:
        """Its text, with single spaces."""
        bare = re.sub(r"<(script|template|svg)\b.*?</\1>", " ", self.html, flags=re.S)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", bare)).split())

    def links(self) -> list[str]:
        """Where its links lead."""
        return [
            unescape(href) for href in re.findall(r'<a [^>]*href="([^"]*)"', self.html)
        ]


def two_visits() -> list[Event]:
    """Anna from Korea by Google, now on /cart; ben from Germany, now on /."""
    anna = a_visit_of(
        "/",
        "/cart",
        user="anna",
        at=NOW - 3 * MINUTE,
        country="KR",
        source="Google",
        channel="Organic Search",
        device="Mobile",
    )
    ben = a_visit_of(
        "/", user="ben", at=NOW - 2 * MINUTE, country="DE", device="Desktop"
    )
    return anna + ben


def a_site_with(events: list[Event]) -> Client:
    """A signed-in browser, and a server with these events on one site."""
    a_server(events)
    add_site(SITE, "Asia/Seoul")
    return an_account()


def look(client: Client, path: str, **query: str | list[str]) -> Shown:
    """The page at this address."""
    return Shown(client.get(path, query))
