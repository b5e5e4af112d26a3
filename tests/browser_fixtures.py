"""A real Chromium for browser tests.

For a conftest.py: `from tests.browser_fixtures import browser, new_visitor, page`.
One browser a test module, one context (profile) a test.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    expect,
    sync_playwright,
)

from tests.chromium import ARGS, chromium_path
from tests.waiting import PATIENCE_S

__all__ = ["browser", "new_visitor", "page"]

expect.set_options(timeout=PATIENCE_S * 1_000)

USER_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/156.0.0.0 Safari/537.36"
)
"""The browser's own says HeadlessChrome, which the collector drops as a bot."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not session-wide: Playwright's loop would stand in the way of `asyncio.run`."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=chromium_path(), args=list(ARGS)
        )
        yield chromium
        chromium.close()


@pytest.fixture
def new_visitor(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes a browser profile; takes the options of `Browser.new_context`."""
    made: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"user_agent": USER_AGENT, **options})
        context.set_default_timeout(PATIENCE_S * 1_000)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture
def page(new_visitor: Callable[..., BrowserContext]) -> Page:
    """An empty page in a profile of its own."""
    return new_visitor().new_page()
