"""The pages over a stack on AWS: clean, accessible, and inside their width."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard, now_ms
from tests.browser.faults import faults_of_pages
from tests.dashboard.project import SITE, a_visit_of

from liveinsight.core.stack_counts import StackCounts, StackLedger  # isort: skip
from liveinsight.dashboard import runtime  # isort: skip

pytestmark = pytest.mark.browser

PATHS = ("/", "/sites/", f"/sites/{SITE}/", "/sites/add/", "/visitors/ada/")
COUNTS = StackCounts(
    received=12_480,
    stored=11_998,
    duplicate=49,
    dropped={"bot": 350, "unknown_site": 47},
    rejected=12,
    unavailable=3,
)


@pytest.fixture
def stack(dashboard: Dashboard) -> None:
    """The dashboard shows a stack; history is still being loaded."""
    ledger = StackLedger(as_of=now_ms(), last_day=COUNTS, month=COUNTS)
    shown = runtime.Stack(
        name="liveinsight",
        region="ap-northeast-2",
        snippet=lambda site: f'<script src="/liveinsight.js" data-site="{site}">',
        ledger=lambda: ledger,
        live_limit=lambda: 75_000,
    )
    server = replace(
        runtime.current(),
        stack=shown,
        rebuild_progress=lambda: 0.42,
        present=dashboard.warehouse,
    )
    runtime.bind(server)
    dashboard.happen(
        a_visit_of("/", "/cart", user="ada", at=now_ms() - 90_000, country="KR")
    )


@pytest.mark.usefixtures("stack")
def test_every_page_is_accessible_in_both_schemes_and_no_wider_than_its_window(
    open_page: Callable[..., Page],
) -> None:
    assert faults_of_pages(open_page, PATHS) == []


@pytest.mark.usefixtures("stack")
def test_a_session_leads_to_its_visitor_and_back(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("/sessions/sess_ada/")
    page.get_by_role("link", name="ada", exact=True).click()
    expect(page.get_by_role("heading", name="ada")).to_be_visible()
    expect(page.locator("tbody")).to_contain_text("/ → /cart")
    page.locator("tbody a").click()
    expect(page.locator(".timeline")).to_contain_text("/cart")
