"""One visitor of a stack, handed out and erased with no more rights than that needs."""

import gzip
import json
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from liveinsight.aws.policy import eraser_policy
from liveinsight.core.event import Event
from liveinsight.core.limits import HOUR
from liveinsight.core.session import fold
from liveinsight.data_dir import DataDir, write_owner_only
from liveinsight.store.archive_s3 import Archived, S3Archive
from liveinsight.store.dynamodb.items import (
    Tables,
    active_item,
    active_session,
    event_item,
    session_item,
)
from liveinsight.store.warehouse import Warehouse
from tests.aws.commands import act_as, done, run, scope_of
from tests.aws.ministack import MiniStack, an_account
from tests.aws.stacks import make_stack
from tests.store.builders import SITE, an_event
from tests.store.dynamodb.live_events import now_ms

pytestmark = pytest.mark.slow

GONE: Final = "gone-7f3a9c1e-visitor"
HALFWAY: Final = "half-77777777-visitor"
WATCHED: Final = "watch-33333333-visitor"
ERASE: Final = ("user", "erase", "--site", SITE, "--yes", "--stack", "liveinsight")
DERIVED: Final = "d5c0ffee00000000000000000000c0de"
BEGUN: Final = now_ms() - 5 * HOUR
sequences = count(10**20)


def a_visit(user: str, first: int, **changes: object) -> list[Event]:
    """Three page views."""
    return [
        an_event(
            number,
            event_id=f"evt_{user[:8]}_{number:03d}",
            timestamp=BEGUN + number * 1_000,
            received_at=BEGUN + number * 1_000,
            present_at=BEGUN + number * 1_000,
            **({"user_id": user, "session_id": f"sess_of_{user[:8]}"} | changes),
        )
        for number in range(first, first + 3)
    ]


class Stack:
    """Visits of some visitors, in tables and archive as the functions write them."""

    def __init__(self, account: MiniStack) -> None:
        self.account = account
        self.outputs = make_stack(account)
        self.archive = S3Archive(account.s3, self.outputs["ArchiveBucket"])
        self.theirs = a_visit(GONE, 1)
        self.derived = a_visit(DERIVED, 10, user_id=None, visitor_id=DERIVED)
        self.others = a_visit("somebody", 20)
        self.namesake = a_visit(GONE, 30, site="other.example", session_id="sess_else")
        self.watched = a_visit(WATCHED, 50)
        visits = (
            *(self.theirs, self.derived, self.others, self.namesake, self.watched),
            a_visit(HALFWAY, 40),
        )
        everything = [event for visit in visits for event in visit]
        again = [*self.theirs[:2], *self.watched[:2]]
        for part in (everything[:5], everything[5:], again):
            self.archive.write_batch(
                [Archived(str(next(sequences)), event) for event in part]
            )
        client, tables = account.dynamodb, Tables()
        for visit in visits:
            for event in visit:
                client.put_item(TableName=tables.events, Item=event_item(event))
            (run,) = fold(visit)
            name, sent = visit[0].session_id, bool(visit[0].user_id)
            row = session_item(run, name, len(visit), user_sent=sent)
            client.put_item(TableName=tables.sessions, Item=row)
            active = active_item(active_session(run, name, user_sent=sent))
            client.put_item(TableName=tables.active, Item=active)
        for key in (f"user#{SITE}#{GONE}", f"visitor#{SITE}#{DERIVED}"):
            client.put_item(
                TableName=tables.active,
                Item={
                    "session_id": {"S": key},
                    "session_ids": {"SS": ["sess_1"]},
                    "expires_at": {"N": "9999999999"},
                },
            )

    def items(self) -> str:
        """All tables, as text."""
        tables = (Tables().events, Tables().sessions, Tables().active)
        return json.dumps(
            [self.account.dynamodb.scan(TableName=name)["Items"] for name in tables]
        )

    def archived(self) -> str:
        """All objects of the archive, as text."""
        bucket, s3 = self.outputs["ArchiveBucket"], self.account.s3
        texts = []
        for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]:
            body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            texts.append(gzip.decompress(body).decode())
        return "".join(texts)


@pytest.fixture(scope="module")
def made(ministack_server: str) -> Stack:
    """Each test erases a visitor of its own."""
    return Stack(an_account(ministack_server))


@pytest.fixture
def stack(made: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """This process has the rights of who may erase there."""
    reach(made, monkeypatch)
    policy = eraser_policy(scope_of(made.account.account))
    act_as(f"eraser-{next(sequences)}", policy, made.account, monkeypatch)
    return made


def reach(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in stack.account.environ.items():
        monkeypatch.setenv(name, value)


def act_without(sid: str, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on with one permission less."""
    reach(stack, monkeypatch)
    policy = eraser_policy(scope_of(stack.account.account))
    statements: Any = policy["Statement"]
    policy["Statement"] = [one for one in statements if one["Sid"] != sid]
    act_as(f"without-{sid}", policy, stack.account, monkeypatch)


def erase(user: str, folder: Path) -> str:
    return done(*ERASE, user, "--data", str(folder))


def export(user: str, folder: Path) -> Any:
    return json.loads(
        done(
            *("user", "export", user, "--site", SITE),
            *("--stack", "liveinsight", "--data", str(folder)),
        )
    )


def test_a_visitor_of_a_stack_is_handed_out_and_then_gone(
    stack: Stack, tmp_path: Path
) -> None:
    exported = export(GONE, tmp_path)
    assert [each["event_id"] for each in exported["events"]] == [
        event.event_id for event in stack.theirs
    ]
    assert [each["page_views"] for each in exported["sessions"]] == [3]
    assert [each["site"] for each in exported["tables"]["sessions"]] == [SITE]
    said = erase(GONE, tmp_path)
    assert "5 archived events" in said
    own = {event.event_id for event in stack.theirs}
    assert not any(event_id in stack.items() for event_id in own)
    assert f"user#{SITE}#{GONE}" not in stack.items()
    assert f"sess_of_{GONE[:8]}" not in stack.items()
    kept = stack.archived()
    assert kept.count(GONE) == len(stack.namesake)
    for event in (*stack.others, *stack.namesake):
        assert event.event_id in kept
        assert event.event_id in stack.items()
    assert export(GONE, tmp_path)["events"] == []
    assert "hold nothing" in erase(GONE, tmp_path)


def test_a_visitor_without_an_id_is_found_by_the_archive(
    stack: Stack, tmp_path: Path
) -> None:
    assert len(export(DERIVED, tmp_path)["events"]) == 3
    erase(DERIVED, tmp_path)
    assert DERIVED not in stack.items() + stack.archived()
    assert "somebody" in stack.items()


def test_the_warehouse_of_the_dashboard_is_erased_with_the_stack(
    stack: Stack, tmp_path: Path
) -> None:
    data = DataDir(tmp_path)
    shown = {
        "stack": "liveinsight",
        "account": stack.account.account,
        "region": "ap-northeast-2",
        "bucket": stack.outputs["ArchiveBucket"],
    }
    write_owner_only(data.stack, json.dumps(shown))
    warehouse = Warehouse.open(data.warehouse)
    warehouse.apply([*stack.watched, *stack.others], {"archive:half": 2, "other": 1})
    warehouse.apply(stack.watched[:2])
    warehouse.close()
    said = done(*ERASE, WATCHED, "--data", str(tmp_path))
    assert "warehouse is erased: 3 events" in said
    assert WATCHED.encode() not in data.warehouse.read_bytes()
    warehouse = Warehouse.open(data.warehouse)
    ((events,),) = warehouse.query("select count(*) from events")
    assert (events, warehouse.marks()) == (len(stack.others), {"other": 1})
    assert {line.outcome.value: line.count for line in warehouse.ledger()} == {
        "stored": len(stack.others)
    }
    warehouse.close()


@pytest.mark.parametrize("sid", ["Stack", "Find", "Look", "Erase", "List", "Read"])
def test_erasing_needs_each_of_its_permissions(
    sid: str, made: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    act_without(sid, made, monkeypatch)
    refused = run(*ERASE, "somebody", "--data", str(tmp_path))
    assert refused.exit_code == 1
    assert "AccessDenied" in refused.output or "not do" in refused.output
    assert "Traceback" not in refused.output
    assert "somebody" in made.items()


def test_who_is_cut_off_at_the_archive_begins_again(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        act_without("Rewrite", stack, patch)
        refused = run(*ERASE, HALFWAY, "--data", str(tmp_path))
        assert refused.exit_code == 1
        assert "AccessDenied" in refused.output
    assert HALFWAY in stack.archived()
    erase(HALFWAY, tmp_path)
    assert HALFWAY not in stack.items() + stack.archived()


def test_the_eraser_is_a_policy_that_is_printed(stack: Stack) -> None:
    printed = json.loads(done("deploy", "--policy", "eraser"))
    assert printed == eraser_policy(scope_of(stack.account.account))
