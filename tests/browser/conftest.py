"""A Chromium, and a server whose time goes on."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from tests.browser_fixtures import browser, new_visitor
from tests.dashboard import project  # starts Django, so it comes before what needs it
from tests.query.tables import an_event
from tests.serving import serving

from liveinsight.core.event import Event, encode_events  # isort: skip
from liveinsight.dashboard import runtime  # isort: skip
from liveinsight.dashboard.accounts import add_account  # isort: skip
from liveinsight.dashboard.asgi import application  # isort: skip
from liveinsight.dashboard.live_hub import LiveHub  # isort: skip
from liveinsight.dashboard.sites import add_site  # isort: skip
from tests.dashboard.conftest import _fresh_start  # isort: skip

__all__ = ["_fresh_start", "browser", "new_visitor"]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture(autouse=True)
def _before_all_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright's loop runs in this thread; Django must not mind."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")


class Dashboard:
    """A dashboard at a real port; `happen` is what the collector would do."""

    def __init__(self, base: str, warehouse: Any, hub: LiveHub) -> None:
        self.base = base
        self.warehouse = warehouse
        self.hub = hub
        self.sse_works = True
        self.streams = 0

    def happen(self, events: list[Event]) -> None:
        """Publishes and applies these events."""
        self.hub.publish([encode_events(events)])
        self.warehouse.apply(events)


@pytest.fixture
def dashboard() -> Iterator[Dashboard]:
    """With one site and one account."""
    settings.ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
    warehouse = project.a_warehouse([an_event(site="other.example")])
    hub = LiveHub(warehouse, now_ms)
    server = msgspec.structs.replace(
        project.a_server(), reader=warehouse, clock=now_ms, live=hub
    )
    runtime.bind(server)
    add_site(project.SITE, "Asia/Seoul")
    add_account("ada", project.PASSWORD)
    django = application()
    running = Dashboard("", warehouse, hub)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/live/stream":
            running.streams += 1
            if running.sse_works:
                await hub.app(scope, receive, send)
            else:
                await asyncio.sleep(30)
            return
        await django(scope, receive, send)

    with serving(RunHubOnce(app, hub)) as base:
        running.base = base
        yield running
    django.close()


class RunHubOnce:
    """Starts the hub in the server's own loop, at its first request."""

    def __init__(self, app: Any, hub: LiveHub) -> None:
        self.app = app
        self.hub = hub
        self.task: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.task is None:
            self.task = asyncio.create_task(self.hub.run())
        await self.app(scope, receive, send)


GIVEN_UP: Final = ("htmx:sendAbort", "htmx:afterRequest")
"""What htmx complains of when a newer request takes the place of one under way."""


@pytest.fixture
def open_page(
    dashboard: Dashboard,
    new_visitor: Callable[..., BrowserContext],
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., Page]]:
    """Opens a page signed in; what the console or the policy complains of fails."""
    complaints: list[str] = []
    contexts: dict[str, BrowserContext] = {}
    expected = GIVEN_UP if request.node.get_closest_marker("gives_up") else ()

    def note(said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"} and not said.text.startswith(expected):
            complaints.append(said.text)

    def sign_in(context: BrowserContext) -> None:
        client = Client()
        assert client.login(username="ada", password=project.PASSWORD)
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies(
            [{"name": name, "value": client.cookies[name].value, "url": dashboard.base}]
        )

    def open_it(path: str, **options: Any) -> Page:
        key = repr(sorted(options.items()))
        if key not in contexts:
            contexts[key] = new_visitor(**options)
            sign_in(contexts[key])
        page = contexts[key].new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(dashboard.base + path)
        return page

    yield open_it
    assert complaints == []
