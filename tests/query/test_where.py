"""Conditions as JSON: the field's form, and what is wrong said by its place."""

import pytest
from hypothesis import given

from liveinsight.errors import QueryError
from liveinsight.query.model import And, Filter, HasDone, Not, Operator, Or, Where
from liveinsight.query.where import is_accepted, read_where, write_where
from tests.query.sites import conditions

PAGE = ["is", "page", ["/"]]


def test_conditions_are_read_in_the_form_of_the_field() -> None:
    found = read_where(
        [
            "and",
            [["or", [PAGE, ["matches", "source", ["^G"]]]], ["has_not_done", PAGE]],
        ],
        "filters[0]",
    )
    page = Filter("page", Operator.IS, ("/",))
    google = Filter("source", Operator.MATCHES, ("^G",))
    assert found == And((Or((page, google)), HasDone(page, done=False)))


@given(conditions())
def test_a_condition_survives_its_json(where: Where) -> None:
    assert read_where(write_where(where), "f") == where


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("page", "f"),
        ([], "f"),
        ([7, "page", ["/"]], "f[0]"),
        (["equals", "page", ["/"]], "f[0]"),
        (["is", "page"], "f[0]"),
        (["is", 7, ["/"]], "f[1]"),
        (["is", "page", "/"], "f[2]"),
        (["is", "page", [1]], "f[2]"),
        (["and", []], "f[1]"),
        (["and", [PAGE, ["not", ["is", "page", [None]]]]], "f[1][1][1][2]"),
        (["and", [PAGE] * 61], "f[1]"),
    ],
)
def test_what_is_no_condition_is_named_by_its_place(value: object, field: str) -> None:
    with pytest.raises(QueryError) as raised:
        read_where(value, "f")
    assert raised.value.field == field


def test_conditions_are_not_nested_without_end() -> None:
    value: list[object] = [*PAGE]
    for _ in range(1_000):
        value = ["not", value]
    with pytest.raises(QueryError):
        read_where(value, "f")


def test_a_pattern_is_found_anywhere_and_not_set_is_the_empty_text() -> None:
    assert is_accepted(Filter("page", Operator.MATCHES, ("b$",)), "/ab")
    assert is_accepted(Filter("page", Operator.MATCHES, ("^$",)), "")
    assert is_accepted(Filter("page", Operator.MATCHES_NOT, ("b$",)), "")
    assert not is_accepted(Filter("page", Operator.IS_NOT, ("",)), "")


def test_what_is_not_of_a_filter_is_not_written() -> None:
    assert write_where(Not(Filter("page", Operator.IS, ("/",)))) == ["not", PAGE]
