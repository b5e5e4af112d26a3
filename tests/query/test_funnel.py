"""Funnels, rule by rule, on the real warehouse."""

import msgspec
import pytest

from liveinsight.core.event import Event
from liveinsight.errors import QueryError
from liveinsight.query.funnel import (
    Funnel,
    FunnelAnswer,
    FunnelQuestion,
    Sequence,
    answer_funnel,
)
from liveinsight.query.funnel_visits import list_stopped, live_funnel
from liveinsight.query.model import Filter, Goal, HasDone, Operator, Period, Where
from tests.query.tables import HOUR, MINUTE, NOON, SITE, an_event, warehouse_of

DAY = Period(NOON - 12 * HOUR, NOON + 12 * HOUR)


def page(path: str) -> Goal:
    return Goal(name=path, where=Filter("page", Operator.IS, (path,)))


def of_type(name: str) -> Goal:
    return Goal(name=name, where=Filter("event_type", Operator.IS, (name,)))


A_B_C = Funnel(steps=(page("/a"), page("/b"), page("/c")))


def views(user: str, *pages: str, at: int = NOON, apart: int = MINUTE) -> list[Event]:
    """Page views of one user, `apart` ms from one another."""
    return [
        an_event(
            at + number * apart,
            event_id=f"evt_{user}_{at}_{number}",
            user_id=user,
            page=each,
        )
        for number, each in enumerate(pages)
    ]


def ask(events: list[Event], funnel: Funnel = A_B_C, **fields: object) -> FunnelAnswer:
    question = FunnelQuestion(site=SITE, funnel=funnel, period=DAY)
    question = msgspec.structs.replace(question, **fields)
    with warehouse_of(events) as warehouse:
        return answer_funnel(question, warehouse)


def visitors_of(answer: FunnelAnswer) -> list[int]:
    return [step.visitors for step in answer.totals.steps]


def strict(funnel: Funnel) -> Funnel:
    return msgspec.structs.replace(funnel, sequence=Sequence.STRICT)


def test_each_step_counts_visitors_rates_and_the_time_from_the_step_before() -> None:
    events = views("anna", "/a", "/b", "/c") + views(
        "ben", "/a", "/b", apart=3 * MINUTE
    )
    answer = ask([*events, *views("cleo", "/a"), *views("dan", "/c")])
    first, second, third = answer.totals.steps
    assert (first.visitors, first.dropped, first.median_ms) == (3, 1, None)
    assert (second.visitors, second.dropped, second.median_ms) == (2, 1, 2 * MINUTE)
    assert (third.visitors, third.dropped, third.median_ms) == (1, 0, MINUTE)
    assert (second.step_rate, third.step_rate) == (2 / 3, 1 / 2)
    assert (second.conversion_rate, third.conversion_rate) == (2 / 3, 1 / 3)
    assert (answer.totals.conversion_rate, answer.totals.median_ms) == (
        1 / 3,
        2 * MINUTE,
    )


def test_in_order_other_pages_may_stand_between() -> None:
    assert visitors_of(ask(views("anna", "/a", "/x", "/b", "/x", "/c"))) == [1, 1, 1]


def test_steps_in_another_order_do_not_count() -> None:
    assert visitors_of(ask(views("anna", "/b", "/c", "/a"))) == [1, 0, 0]


def test_strict_nothing_stands_between_but_clicks_and_engagement() -> None:
    funnel = strict(A_B_C)
    assert visitors_of(ask(views("anna", "/a", "/b", "/x", "/c"), funnel)) == [1, 1, 0]
    between = [
        an_event(NOON + 30_000, event_id="evt_click", event_type="click"),
        an_event(NOON + 31_000, event_id="evt_engaged", event_type="engagement"),
        an_event(NOON + 32_000, event_id="evt_quiet", interactive=False, page="/x"),
    ]
    assert visitors_of(ask(views("anna", "/a", "/b", "/c") + between, funnel)) == [
        1,
        1,
        1,
    ]


def test_strict_a_click_that_is_a_step_stands_between_others() -> None:
    funnel = strict(Funnel(steps=(page("/a"), page("/b"), of_type("click"))))
    click = an_event(NOON + 30_000, event_id="evt_c", event_type="click", page="/x")
    assert visitors_of(ask([*views("anna", "/a", "/b"), click], funnel)) == [1, 0, 0]


def test_a_repeated_first_step_begins_again_and_the_furthest_attempt_counts() -> None:
    answer = ask(views("anna", "/a", "/a", "/b"), strict(A_B_C))
    assert visitors_of(answer) == [1, 1, 0]
    assert answer.totals.steps[1].median_ms == MINUTE


def test_one_event_is_not_two_steps() -> None:
    twice = Funnel(steps=(page("/a"), page("/a")))
    assert visitors_of(ask(views("anna", "/a"), twice)) == [1, 0]
    assert visitors_of(ask(views("anna", "/a", "/a"), twice)) == [1, 1]


def test_within_a_session_a_later_session_begins_anew() -> None:
    events = views("anna", "/a") + views("anna", "/b", at=NOON + 2 * HOUR)
    assert visitors_of(ask(events)) == [1, 0, 0]


@pytest.mark.parametrize(("later", "reached"), [(0, [1, 1, 0]), (1, [1, 0, 0])])
def test_a_window_goes_over_sessions_and_ends_to_the_millisecond(
    later: int, reached: list[int]
) -> None:
    funnel = msgspec.structs.replace(A_B_C, window_ms=2 * HOUR)
    events = views("anna", "/a") + views("anna", "/b", at=NOON + 2 * HOUR + later)
    assert visitors_of(ask(events, funnel)) == reached


def test_who_begins_in_the_period_is_followed_beyond_its_end() -> None:
    events = views("anna", "/a", "/b", at=DAY.end - 1)
    events += views("ben", "/a", "/b", at=DAY.start - 1)
    assert visitors_of(ask(events)) == [1, 1, 0]


def test_filters_are_about_the_first_step_and_its_session() -> None:
    events = views("anna", "/x", "/a", "/b")
    for where, expected in (
        (Filter("page", Operator.IS, ("/a",)), [1, 1, 0]),
        (Filter("page", Operator.IS, ("/b",)), [0, 0, 0]),
        (Filter("entry_page", Operator.IS, ("/x",)), [1, 1, 0]),
        (HasDone(Filter("page", Operator.IS, ("/c",))), [0, 0, 0]),
        (HasDone(Filter("page", Operator.IS, ("/c",)), done=False), [1, 1, 0]),
    ):
        filters: tuple[Where, ...] = (where,)
        assert visitors_of(ask(events, filters=filters)) == expected


def test_a_step_may_be_a_goal_with_a_threshold() -> None:
    read = Goal(
        name="Read",
        where=Filter("page", Operator.IS, ("/a",)),
        engagement_ms=10_000,
    )
    events = views("anna", "/a", "/b") + views("ben", "/a", "/b")
    events.append(
        an_event(
            NOON + 50_000,
            event_id="evt_read",
            page="/a",
            event_type="engagement",
            engagement_ms=12_000,
        )
    )
    assert visitors_of(ask(events, Funnel(steps=(read, page("/b"))))) == [1, 1]


def test_the_period_before_is_told_beside() -> None:
    earlier = Period(DAY.start - 24 * HOUR, DAY.start)
    events = views("anna", "/a", "/b") + views("ben", "/a", at=NOON - 24 * HOUR)
    answer = ask(events, compare=earlier)
    assert answer.before is not None
    assert [step.visitors for step in answer.before.steps] == [1, 0, 0]


def test_a_visitor_with_attempts_under_two_labels_is_in_both_rows() -> None:
    events = [
        *views("anna", "/a"),
        an_event(NOON + 2 * HOUR, page="/a", source="Google", user_id="anna"),
        an_event(NOON + 2 * HOUR + 1, page="/b", user_id="anna"),
    ]
    answer = ask(events, dimension="source")
    assert visitors_of(answer) == [1, 1, 0]
    rows = {row.label: [s.visitors for s in row.counts.steps] for row in answer.rows}
    assert rows == {None: [1, 0, 0], "Google": [1, 1, 0]}


def test_those_who_stopped_are_listed_with_their_sessions_latest_first() -> None:
    events = views("anna", "/a", "/b") + views("ben", "/x", "/a", at=NOON + HOUR)
    events += views("cleo", "/a")
    question = FunnelQuestion(site=SITE, funnel=A_B_C, period=DAY, limit=1)
    with warehouse_of(events) as warehouse:
        first = list_stopped(question, 1, warehouse)
        second = list_stopped(question, 2, warehouse)
        assert list_stopped(question, 3, warehouse).count == 0
    assert first.count == 2
    assert [visit.user_id for visit in first.visits] == ["ben"]
    assert first.visits[0].entry_page == "/x"
    assert second.visits[0].user_id == "anna"
    assert second.visits[0].time == NOON + MINUTE


def test_the_live_steps_are_of_those_who_are_here() -> None:
    now = NOON + 20 * MINUTE
    events = views("anna", "/a", "/b", at=now - 3 * MINUTE)
    events += views("ben", "/a", "/b", at=now - 12 * MINUTE)
    events += views("cleo", "/a", "/b", "/c", "/a", at=now - 4 * MINUTE)
    with warehouse_of(events) as warehouse:
        steps = live_funnel(SITE, A_B_C, (), (), now, warehouse)
    assert [step.visitors for step in steps] == [1, 1, 0]
    # Cleo has come to the end, and has begun again since.
    assert [visit.user_id for visit in steps[0].visits] == ["cleo"]
    assert [visit.user_id for visit in steps[1].visits] == ["anna"]


def test_a_wrong_clock_hides_nobody_who_is_here() -> None:
    events = [
        an_event(NOON - 3 * 24 * HOUR, page="/a", received_at=NOON, present_at=NOON)
    ]
    with warehouse_of(events) as warehouse:
        steps = live_funnel(SITE, A_B_C, (), (), NOON + MINUTE, warehouse)
    assert steps[0].visitors == 1


def test_an_empty_site_has_a_funnel_of_zeros() -> None:
    answer = ask([], dimension="source")
    assert visitors_of(answer) == [0, 0, 0]
    assert answer.totals.conversion_rate is None
    assert (answer.rows, answer.row_count) == ([], 0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"funnel": Funnel(steps=(page("/a"),))}, "steps"),
        ({"funnel": Funnel(steps=(page("/a"),) * 11)}, "steps"),
        ({"funnel": Funnel(steps=A_B_C.steps, window_ms=10)}, "window_ms"),
        (
            {
                "funnel": Funnel(
                    steps=(
                        page("/a"),
                        Goal(name="x", where=Filter("no", Operator.IS, ("",))),
                    )
                )
            },
            "steps[1]",
        ),
        ({"period": Period(5, 5)}, "period"),
        ({"compare": Period(5, 5)}, "compare"),
        ({"dimension": "time"}, "dimension"),
        ({"dimension": "goal"}, "dimension"),
        ({"dimension": "nothing"}, "dimension"),
        ({"dimension": "property:\ud800"}, "dimension"),
        ({"limit": 0}, "limit"),
        ({"offset": -1}, "offset"),
        ({"filters": (Filter("goal", Operator.IS, ("None",)),)}, "filters"),
    ],
)
def test_what_cannot_be_asked_names_its_field(
    changes: dict[str, object], field: str
) -> None:
    with pytest.raises(QueryError) as refused:
        ask([], **changes)  # type: ignore[arg-type]
    assert refused.value.field == field


def test_a_step_that_is_not_there_is_refused() -> None:
    question = FunnelQuestion(site=SITE, funnel=A_B_C, period=DAY)
    with warehouse_of([]) as warehouse, pytest.raises(QueryError):
        list_stopped(question, 4, warehouse)
