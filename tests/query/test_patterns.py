"""Patterns of pages, and what a visitor does."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveinsight.query.actions import Action, PropertyTest, where_of
from liveinsight.query.model import And, Filter, Operator
from liveinsight.query.patterns import pattern_filter, pattern_regex
from tests.query.tables import an_event, warehouse_of


@pytest.mark.parametrize(
    ("pattern", "page", "is_meant"),
    [
        ("/blog/*", "/blog/a", True),
        ("/blog/*", "/blog/", True),
        ("/blog/*", "/blog/a/b", False),
        ("/blog/*", "/blog/a/", False),
        ("/blog/**", "/blog/a/b/", True),
        ("/blog/**", "/blog/", True),
        ("/blog/**", "/blog", False),
        ("/*/edit", "/a/edit", True),
        ("/*/edit", "/a/b/edit", False),
        ("**.pdf", "/files/a.pdf", True),
        ("**.pdf", "/files/a-pdf", False),
        ("/a+b?(c)[d]{e}^$|\\*", "/a+b?(c)[d]{e}^$|\\x", True),
        ("/**", "/two\nlines", True),
        ("/shop", "/shop/", False),
        ("/글/*", "/글/하나", True),
    ],
)
def test_a_star_stays_inside_one_part_of_the_path(
    pattern: str, page: str, is_meant: bool
) -> None:
    assert (re.search(pattern_regex(pattern), page) is not None) is is_meant
    with warehouse_of([an_event(page=page)]) as warehouse:
        ((found,),) = warehouse.query(
            "select regexp_matches(page, ?) from events", (pattern_regex(pattern),)
        )
    assert found is is_meant


@given(st.text(alphabet=st.characters(exclude_characters="*\n"), max_size=20))
def test_all_but_stars_mean_themselves(text: str) -> None:
    assert re.search(pattern_regex(text), text)
    assert not re.search(pattern_regex(text), text + "x")


def test_a_pattern_without_stars_is_the_page_itself() -> None:
    assert pattern_filter("/a.b") == Filter("page", Operator.IS, ("/a.b",))


def test_an_action_is_all_of_its_conditions() -> None:
    action = Action(
        event_type="signup",
        page="/join/*",
        properties=(PropertyTest(name="plan", value="pro"),),
    )
    assert where_of(action) == And(
        (
            Filter("event_type", Operator.IS, ("signup",)),
            Filter("page", Operator.MATCHES, ("^/join/[^/]*$",)),
            Filter("property:plan", Operator.IS, ("pro",)),
        )
    )
    assert where_of(Action()) == Filter("event_type", Operator.IS, ("page_view",))
    assert where_of(Action(event_type="")) == And(())
