from collections.abc import Iterator

import pytest

from tests.browser_fixtures import browser, new_visitor, page
from tests.serving import serving
from tests.tracker.collecting import Collecting

__all__ = ["browser", "new_visitor", "page"]


class Website(Collecting):
    """The pages' address, and what the tracker sent from them."""

    url = ""


@pytest.fixture
def website() -> Iterator[Website]:
    """A website whose pages carry the tracker, and its collector."""
    site = Website()
    with serving(site) as url:
        site.url = url
        yield site
