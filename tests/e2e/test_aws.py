"""From nothing to numbers and back on AWS, by the installed command alone.

browser → REST API → function → tables → stream → function → archive → dashboard
"""

import json
import re
import secrets
import time
from pathlib import Path

import pytest

from liveinsight.aws.policy import Policy, dashboard_policy, deployer_policy
from liveinsight.core.event import Event
from liveinsight.store.archive_s3 import S3Archive
from tests.aws.commands import SETTINGS, scope_of
from tests.aws.ministack import MiniStack
from tests.aws.test_both_doors import TEXT, Answer, Sent, ask
from tests.cli.running import run_command
from tests.collect.builders import GOOGLEBOT
from tests.e2e.server import OFTEN, Server, running_server
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

SITE = "shop.example"
BLOG = "blog.example"


def environ_of(account: MiniStack, name: str, policy: Policy) -> dict[str, str]:
    """The environment of a new user who has that policy and nothing else."""
    iam = account.iam
    iam.create_user(UserName=name)
    document = json.dumps(policy)
    iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return account.environ | {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


class Owner:
    """Who deploys, and what came of it."""

    def __init__(self, account: MiniStack) -> None:
        policy = deployer_policy(scope_of(account.account))
        self.account = account
        self.environ = environ_of(account, "liveinsight-dev", policy)

    def command(self, *arguments: str) -> str:
        run = run_command(*arguments, **self.environ)
        assert run.returncode == 0, run.stderr
        return run.stdout

    def deploy(self, *arguments: str) -> str:
        """The address that the command says events go to."""
        said = self.command("deploy", "--yes", *SETTINGS, *arguments)
        found = re.search(r"Events go to\s+(https://\S+)", said)
        assert found is not None, said
        return self.account.reachable(found.group(1))


class Visitor:
    """A browser, as far as the collector sees it."""

    def __init__(self, url: str, site: str = SITE) -> None:
        self.url = url
        self.site = site
        self.name = secrets.token_hex(8)
        self.last = 0

    def event(self, page: str, **fields: object) -> dict[str, object]:
        """One event, a millisecond or more after the last."""
        self.last = max(self.last + 1, time.time_ns() // 1_000_000)
        return {
            "event_id": secrets.token_hex(16),
            "timestamp": self.last,
            "user_id": self.name,
            "session_id": self.name,
            "page_url": f"https://{self.site}{page}",
        } | fields

    def send(self, *events: dict[str, object]) -> Answer:
        return ask(self.url, Sent(json.dumps({"events": events}).encode(), TEXT))

    def said(self, *events: dict[str, object]) -> list[str]:
        """What became of each."""
        answer = self.send(*events)
        assert answer.status == 200, answer
        return [one["status"] for one in answer.body["results"]]


def archived(account: MiniStack) -> list[Event]:
    """All events of the archive, duplicates left out."""
    bucket = f"liveinsight-archive-{account.account}-ap-northeast-2"
    archive = S3Archive(account.s3, bucket)
    found = [e for one in archive.objects_after(0) for e in archive.read(one)]
    return list({event.event_id: event for event in found}.values())


def stored(account: MiniStack) -> int:
    """Events in their table."""
    return account.dynamodb.scan(TableName="LiveInsight-Events")["Count"]


def rows(account: MiniStack, table: str) -> dict[str, dict[str, object]]:
    """The items that stand for sessions, by their id."""
    items = account.dynamodb.scan(TableName=f"LiveInsight-{table}")["Items"]
    plain = [{name: next(iter(v.values())) for name, v in i.items()} for i in items]
    return {str(i["session_id"]): i for i in plain if "#" not in str(i["session_id"])}


def total(server: Server, key: str, site: str) -> int:
    """The site's events in the warehouse."""
    summary = server.ask(f"/api/statistics/summary/?site={site}", key)
    return int(summary["total_events"])


def pages_of(server: Server, key: str, session: str) -> list[str]:
    events = server.ask(f"/api/sessions/{session}/events/?site={SITE}", key)
    return [event["page_url"] for event in events]


def current_pages(server: Server, key: str) -> list[str]:
    active = server.ask(f"/api/sessions/active/?site={SITE}", key)
    return [session["current_page"] for session in active]


def collect(account: MiniStack, visitor: Visitor) -> list[str]:
    """The pages of a visit that was collected, beside other visits, to the archive."""
    visit = [
        visitor.event("/"),
        visitor.event("/oak"),
        visitor.event("/oak", event_type="conversion"),
    ]
    assert visitor.said(*visit) == ["accepted"] * 3
    # Another process of the function would not know them yet.
    assert set(visitor.said(*visit)) <= {"duplicate", "accepted"}
    unnamed = {"event_id": None, "user_id": None, "session_id": None}
    assert visitor.said(visitor.event("/birch", **unnamed)) == ["accepted"]
    bot = json.dumps(visitor.event("/")).encode()
    answer = ask(visitor.url, Sent(bot, TEXT | {"User-Agent": GOOGLEBOT}))
    assert answer.body["status"] == "dropped"
    stranger = Visitor(visitor.url, "other.example")
    assert stranger.said(stranger.event("/")) == ["dropped"]

    assert stored(account) == 4
    session = f"sess_{visitor.name}"
    assert rows(account, "ActiveSessions")[session]["page_views"] == "2"
    wait_until(lambda: len(archived(account)) == 4)
    wait_until(lambda: rows(account, "Sessions")[session].get("total_events") == "3")
    assert len(rows(account, "Sessions")) == 2
    return [str(event["page_url"]) for event in visit]


def look(server: Server, key: str, visitor: Visitor, visit: list[str]) -> None:
    """What was collected is on the dashboard, everywhere the same."""
    wait_until(lambda: total(server, key, SITE) == 4)
    summary = server.ask(f"/api/statistics/summary/?site={SITE}", key)
    assert (summary["total_sessions"], summary["total_events"]) == (2, 4)
    assert summary["conversion_rate"] == pytest.approx(0.5)
    assert sorted(current_pages(server, key)) == ["/birch", "/oak"]
    assert pages_of(server, key, f"sess_{visitor.name}") == visit


def test_a_stack_from_its_first_deployment_to_its_end(
    ministack: MiniStack, tmp_path: Path
) -> None:
    owner = Owner(ministack)
    visitor = Visitor(owner.deploy("--site", SITE))
    visit = collect(ministack, visitor)
    policy = dashboard_policy(scope_of(ministack.account))
    reader = environ_of(ministack, "liveinsight-dashboard", policy) | OFTEN
    with running_server(tmp_path, "--aws", environ=reader) as server:
        key = server.add_key()
        look(server, key, visitor, visit)

        # It goes on while somebody looks, and while the stack is changed.
        assert visitor.said(visitor.event("/ash")) == ["accepted"]
        wait_until(lambda: "/ash" in current_pages(server, key))
        wait_until(lambda: total(server, key, SITE) == 5)
        blog = Visitor(owner.deploy("--site", SITE, "--site", BLOG), BLOG)
        assert blog.said(blog.event("/")) == ["accepted"]

    wait_until(lambda: len(archived(ministack)) == 6)
    with running_server(tmp_path, "--aws", environ=reader) as server:
        assert total(server, key, SITE) == 5  # though it was killed
        wait_until(lambda: total(server, key, BLOG) == 1)

    owner.command("destroy", "--yes")
    assert visitor.send(visitor.event("/")).status in {403, 404}
    assert (stored(ministack), len(archived(ministack))) == (6, 6)
