"""Items: what goes in comes out, small, and never more than DynamoDB takes."""

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveinsight.core.event import Event, Revenue, Scalar
from liveinsight.core.session import fold, run_of
from liveinsight.store.dynamodb.items import (
    Tables,
    active_item,
    active_of,
    active_session,
    event_item,
    event_of,
    is_session_key,
    session_item,
    session_of,
    tables_of,
)
from tests.store.builders import MINUTE, T0, an_event

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

WRITE_UNIT = 1024


def size_of(
    attribute: "AttributeValueTypeDef | dict[str, AttributeValueTypeDef]",
) -> int:
    """Bytes of an item, as DynamoDB counts them; numbers by their upper bound."""
    total = 0
    for name, value in attribute.items():
        if name == "M":
            total += 3 + size_of(value)  # type: ignore[arg-type]  # what M holds
        elif name in {"BOOL", "NULL"}:
            total += 1
        elif isinstance(value, dict):
            total += len(name.encode()) + size_of(value)
        else:
            total += len(str(value).encode())
    return total


def a_usual_event(**changes: object) -> Event:
    """A page view as the tracker makes it, of a visitor who came by a campaign."""
    return an_event(
        1,
        **{
            "event_id": "evt_0198f3c2-7d4e-7b1a-9c55-3f1de20a8b77",
            "user_id": "u_0198f3c27d4e7b1a9c553f1de20a8b77",
            "session_id": "sess_0198f3c27d4e7b1a9c553f1de20a8b77",
            "session_sent": True,
            "page_url": "https://shop.example/products/blue-widget?utm_source=news"
            "letter&utm_medium=email&utm_campaign=spring-sale-2026",
            "page": "/products/blue-widget",
            "page_title": "Blue widget – The Widget Shop of Example Town",
            "referrer": "https://mail.example.com/inbox/",
            "source": "newsletter",
            "channel": "Email",
            "utm_source": "newsletter",
            "utm_medium": "email",
            "utm_campaign": "spring-sale-2026",
            "country": "KR",
            "language": "ko-KR",
            "device": "Desktop",
            "browser": "Chrome",
            "browser_version": "148",
            "os": "Windows",
            "os_version": "11",
            "screen_width": 1920,
            **changes,
        },
    )


texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)
scalars: st.SearchStrategy[Scalar] = st.one_of(
    texts,
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False, allow_infinity=False),
)
revenues = st.builds(
    Revenue,
    amount=st.floats(-1e12, 1e12).filter(lambda x: x == 0 or abs(x) > 1e-100),
    currency=st.just("KRW"),
)


@given(
    st.dictionaries(texts, scalars, min_size=1),
    st.none() | revenues,
    st.none() | texts,
    st.booleans(),
)
def test_an_event_comes_back_as_it_was(
    properties: dict[str, Scalar],
    revenue: Revenue | None,
    title: str | None,
    interactive: bool,
) -> None:
    event = a_usual_event(
        properties=properties,
        revenue=revenue,
        page_title=title,
        interactive=interactive,
    )
    assert event_of(event_item(event), event.received_at) == event


def test_an_item_does_not_tell_when_its_event_came() -> None:
    once = a_usual_event()
    again = a_usual_event(received_at=T0 + MINUTE, present_at=T0 + MINUTE)
    assert event_item(once) == event_item(again)


@pytest.mark.parametrize(
    ("late_by", "present"),
    [
        pytest.param(0, T0 + 1_000, id="at once"),
        pytest.param(60 * MINUTE, T0 + 1_000, id="an hour late"),
        pytest.param(-MINUTE, T0 + 1_000 - MINUTE, id="by a clock that is ahead"),
    ],
)
def test_nobody_is_present_later_than_their_event_came(
    late_by: int, present: int
) -> None:
    event = event_of(event_item(a_usual_event()), T0 + 1_000 + late_by)
    assert event.present_at == present


@pytest.mark.parametrize("amount", [0.0, 1e-300, -5e-324, 1e12, -1e12, 0.1, 1 / 3])
def test_every_amount_is_a_number_that_dynamodb_takes(amount: float) -> None:
    event = an_event(1, revenue=Revenue(amount=amount, currency="KRW"))
    read = event_of(event_item(event), T0)
    assert read.revenue is not None
    assert read.revenue.amount == pytest.approx(amount, abs=1e-100)


def test_a_usual_event_with_custom_data_is_below_one_write_unit() -> None:
    event = a_usual_event(
        event_type="conversion",
        properties={"plan": "professional", "items": 3, "coupon": "SPRING26"},
        revenue=Revenue(amount=129_000.0, currency="KRW"),
    )
    assert size_of(event_item(event)) < WRITE_UNIT - 100


def test_a_session_row_comes_back_as_it_was() -> None:
    events = [a_usual_event(event_id=f"evt_{n}", page=f"/{n}") for n in range(3)]
    (run,) = fold(events)
    row = session_of(session_item(run, "sess_a", 3))
    assert (row.site, row.user_id, row.visitor_id) == (run.site, run.user, None)
    assert (row.start_time, row.last_activity, row.session_duration) == (
        run.start_time,
        run.last_activity,
        0,
    )
    assert (row.entry_page, row.exit_page) == ("/0", "/2")
    assert (row.referrer, row.source, row.channel, row.campaign) == (
        "https://mail.example.com/inbox/",
        "newsletter",
        "Email",
        "spring-sale-2026",
    )
    assert (row.page_views, row.total_events, row.folded) == (3, 3, 3)
    assert size_of(session_item(run, "sess_a", 3)) < WRITE_UNIT


def test_a_live_session_comes_back_as_it_was() -> None:
    session = active_session(run_of(a_usual_event(source=None)), "sess_a")
    assert active_of(active_item(session)) == session
    assert size_of(active_item(session)) < WRITE_UNIT


def test_a_derived_user_is_never_a_user_id() -> None:
    run = run_of(an_event(1, user_id=None, visitor_id="v_1"))
    row = session_item(run, "sess_a", 1, user_sent=False)
    live = active_item(active_session(run, "sess_a", user_sent=False))
    for item in (row, live, event_item(an_event(1, user_id=None, visitor_id="v_1"))):
        assert "user_id" not in item
        assert item["visitor_id"] == {"S": "v_1"}


def test_keys_that_are_no_sessions_are_told_apart_whatever_a_sender_says() -> None:
    assert is_session_key("sess_user#salt#x")
    assert not is_session_key("user#shop.example#sess_1")
    assert not is_session_key("salt#2026-01-31")


def test_the_environment_names_the_tables() -> None:
    assert tables_of({}) == Tables(
        "LiveInsight-Events", "LiveInsight-Sessions", "LiveInsight-ActiveSessions"
    )
    named = {"EVENTS_TABLE": "a", "SESSIONS_TABLE": "b", "ACTIVE_SESSIONS_TABLE": "c"}
    assert tables_of(named) == Tables("a", "b", "c")
