"""The tracker in a real browser sends to the REST API of a stack, across origins."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from liveinsight.tracker.script import tracker_app
from tests.aws.ministack import MiniStack
from tests.aws.stacks import make_stack
from tests.e2e.shop import ForeignShop, Message
from tests.e2e.visits import buy_a_board
from tests.serving import serving
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

SCRIPT = "/liveinsight.js"


@contextmanager
def shop_reporting_to(api: str) -> Iterator[str]:
    """The address of a shop with the tracker beside its pages."""
    shop = ForeignShop(SCRIPT, api)

    async def app(scope: Message, receive: object, send: object) -> None:
        answering = tracker_app if scope["path"] == SCRIPT else shop
        await answering(scope, receive, send)  # type: ignore[arg-type]  # both are ASGI

    with serving(app) as address:
        yield f"{address}/shop/"


def stored(account: MiniStack) -> list[tuple[str, str]]:
    """(event type, page) of the events in their table, in order; no engagement."""
    items = account.dynamodb.scan(TableName="LiveInsight-Events")["Items"]
    items.sort(key=lambda item: int(item["timestamp"]["N"]))
    found = [(item["event_type"]["S"], item["page"]["S"]) for item in items]
    return [one for one in found if one[0] != "engagement"]


def test_a_visit_reaches_the_tables_whole_and_in_order(
    ministack: MiniStack,
    host_package: Path,
    new_visitor: Callable[..., BrowserContext],
) -> None:
    outputs = make_stack(ministack, code=host_package.read_bytes())
    sent: list[tuple[str, str]] = []
    with shop_reporting_to(ministack.reachable(outputs["ApiUrl"])) as shop:
        page = new_visitor().new_page()
        for step in buy_a_board(page, shop):
            step.act()
            sent.extend(step.sends)
            # Who has left sends again only when they come back.
            wait_until(lambda: len(stored(ministack)) >= len(sent))
    assert stored(ministack) == sent

    def row() -> dict[str, str]:
        (item,) = ministack.dynamodb.scan(TableName="LiveInsight-Sessions")["Items"]
        return {name: str(next(iter(value.values()))) for name, value in item.items()}

    wait_until(lambda: row()["total_events"] == str(len(sent)))
    assert (row()["entry_page"], row()["exit_page"]) == (sent[0][1], sent[-1][1])
    assert row()["source"] == "Google"
