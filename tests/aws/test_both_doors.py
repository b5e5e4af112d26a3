"""One table of raw requests, sent to both doors: the same bytes get the same answer.

The gateway of AWS itself refuses what MiniStack passes on, before our function is
asked: a body that is no gzip where the header says so (415 there, 400 here), and one
of more than 10 MB. Only AWS can show that; the template has its answers.
"""

import gzip
import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from liveinsight.collect.asgi import CollectorApp
from liveinsight.collect.door import Door
from liveinsight.core.site import Site, sites_of
from liveinsight.store.inbox import Inbox
from tests.aws.ministack import an_account
from tests.aws.stacks import make_stack
from tests.cli.running import run_command
from tests.collect.builders import CHROME, an_event
from tests.collect.test_hostile import KINDS, seeded
from tests.serving import serving
from tests.waiting import PATIENCE_S

SITES = [
    Site("shop.example"),
    Site("closed.example", allowed_origins=("https://closed.example",)),
]
COMPARED = {"allow", "content-type", "retry-after", "vary", "x-liveinsight"}
NOW = time.time_ns() // 1_000_000
MIB = 1024 * 1024


class Sent(msgspec.Struct, frozen=True):
    """One raw request."""

    body: bytes | None = None
    headers: dict[str, str] = {}
    method: str = "POST"


class Answer(msgspec.Struct, frozen=True):
    """What a sender and a browser see of an answer."""

    status: int
    headers: dict[str, str]
    body: Any


def ask(url: str, sent: Sent) -> Answer:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=PATIENCE_S)
    target = f"{address.path}?{address.query}" if address.query else address.path
    try:
        connection.request(sent.method, target, sent.body, sent.headers)
        response = connection.getresponse()
        raw = response.read()
    finally:
        connection.close()
    headers = {name.lower(): value for name, value in response.getheaders()}
    if not raw:  # the gateway labels even what is not there
        headers.pop("content-type", None)
    seen = {
        name: value
        for name, value in headers.items()
        if name in COMPARED or name.startswith("access-control-")
    }
    return Answer(response.status, seen, json.loads(raw) if raw else None)


class Doors(msgspec.Struct, frozen=True):
    """Where the two doors are."""

    local: str
    aws: str


@pytest.fixture(scope="module")
def doors(
    ministack_server: str, host_package: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Doors]:
    account = an_account(ministack_server)
    sites = msgspec.json.encode(SITES).decode()
    outputs = make_stack(account, {"Sites": sites}, code=host_package.read_bytes())
    inbox = Inbox(tmp_path_factory.mktemp("doors") / "inbox.sqlite3")
    app = CollectorApp(
        inbox, Door(sites=sites_of(SITES)), lambda: time.time_ns() // 1_000_000
    )
    with serving(app) as address:
        yield Doors(f"{address}/events", account.reachable(outputs["ApiUrl"]))
    inbox.close()
    account.end_polling()


def event(**fields: object) -> bytes:
    return json.dumps(an_event(**({"timestamp": NOW} | fields))).encode()


def hostile() -> dict[str, Sent]:
    """The hostile requests of the local door's test, one of each kind."""
    choose = seeded(7)
    found = {}
    for kind, _ in KINDS:
        body, headers = kind(choose)
        named = {"content-type": "text/plain", "user-agent": CHROME} | headers
        found[kind.__name__] = Sent(body, named)
    return found


TEXT = {"Content-Type": "text/plain", "User-Agent": CHROME}
GZIP = TEXT | {"Content-Encoding": "gzip"}


def batch(*events: dict[str, object]) -> bytes:
    return json.dumps({"events": events}).encode()


def some(prefix: str) -> list[dict[str, object]]:
    """Events that no other request has: which process of a door answers is chance."""
    return [an_event(event_id=f"{prefix}-{n:04}", timestamp=NOW) for n in range(9)]


REQUESTS: dict[str, Sent] = {
    "one event": Sent(event(event_id="doors-0001"), TEXT),
    "one event three times": Sent(
        batch(*some("twice")[:1] * 2, some("twice")[0] | {"page_title": "b"}), TEXT
    ),
    "as JSON": Sent(event(event_id="doors-0002"), {"Content-Type": "application/json"}),
    "without a label": Sent(event(event_id="doors-0003")),
    "a batch": Sent(batch(*some("batch")), TEXT),
    "a batch with one bad": Sent(batch(*some("other"), {"page_url": "x"}), TEXT),
    "gzip": Sent(gzip.compress(event(event_id="doors-0004")), GZIP),
    "two members": Sent(gzip.compress(event()) + gzip.compress(b"{}"), GZIP),
    "a bot": Sent(event(event_id="doors-0005"), TEXT | {"User-Agent": "Googlebot/2.1"}),
    "an unknown site": Sent(event(event_id="doors-0006", site="other.example"), TEXT),
    "no site at all": Sent(event(page_url=None), TEXT),
    "Korean": Sent(event(event_id="doors-0007", page_title="서울의 밤"), TEXT),
    "broken text": Sent(
        b'{"page_url":"https://shop.example/","page_title":"\xff"}', TEXT
    ),
    "nothing": Sent(b"", TEXT),
    "full to the last byte": Sent(event(event_id="doors-0008").ljust(MIB), TEXT),
    "one byte too many": Sent(event().ljust(MIB + 1), TEXT),
    "an image": Sent(event(), {"Content-Type": "image/png"}),
    "a form": Sent(b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}),
    "GET": Sent(method="GET"),
    "HEAD": Sent(method="HEAD"),
    "PUT": Sent(event(), TEXT, "PUT"),
    "DELETE": Sent(method="DELETE"),
    "PATCH": Sent(b"{}", {"Content-Type": "image/png"}, "PATCH"),
    "preflight": Sent(headers={"Origin": "https://shop.example"}, method="OPTIONS"),
    "preflight of a listed origin": Sent(
        headers={"Origin": "https://closed.example"}, method="OPTIONS"
    ),
    "a listed origin": Sent(
        event(event_id="doors-0009", site="closed.example"),
        TEXT | {"Origin": "https://closed.example"},
    ),
    "an origin that is not listed": Sent(
        event(event_id="doors-0010", site="closed.example"),
        TEXT | {"Origin": "https://evil.example"},
    ),
    **hostile(),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_the_same_bytes_get_the_same_answer_from_both_doors(
    doors: Doors, name: str
) -> None:
    sent = REQUESTS[name]
    aws, local = ask(doors.aws, sent), ask(doors.local, sent)
    assert aws.status == local.status
    assert aws.headers == local.headers
    assert aws.body == local.body
    assert aws.headers["access-control-allow-methods"] == "POST,OPTIONS"


def test_ids_that_the_door_makes_are_alike(doors: Doors) -> None:
    sent = Sent(
        event(event_id=None, timestamp=None, user_id=None, session_id=None), TEXT
    )
    for url in (doors.aws, doors.local):
        answer = ask(url, sent)
        assert (answer.status, answer.body["status"]) == (200, "accepted")
        assert answer.body["event_id"].startswith("evt_")
        assert answer.body["session_id"].startswith("sess_")


@pytest.mark.parametrize("mode", ["local", "aws"])
def test_the_load_test_measures_either_door(doors: Doors, mode: str) -> None:
    url = {"local": doors.local, "aws": doors.aws}[mode]
    words = ("--site", "shop.example", "--rate", "4", "--seconds", "2", "--batch", "5")
    run = run_command("loadtest", url, *words, "--json")
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["requests"] == 8
    assert report["events_accepted"] == 40
    assert report["outcomes"] == {"accepted": 8}
    wrong = run_command("loadtest", url, "--site", "unknown.example")
    assert wrong.returncode == 1
    assert "takes no events of unknown.example" in wrong.stderr
