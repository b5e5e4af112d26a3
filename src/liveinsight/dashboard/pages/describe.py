"""Conditions in words, in the language of the page."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from liveinsight.dashboard.pages.labels import (
    label_of,
    name_of_dimension,
    name_of_operator,
)
from liveinsight.query.model import And, Filter, HasDone, Not, Operator, Or, Where

NameOf = Callable[[str], str]
"""The name of the segment of an id."""


def describe(where: Where, segment_name: NameOf = str) -> str:
    """The condition as one line: Country is South Korea and not (…)."""
    if isinstance(where, Filter):
        return " ".join(part for part in write_filter(where, segment_name) if part)
    if isinstance(where, And | Or):
        word = _("and") if isinstance(where, And) else _("or")
        return f" {word} ".join(enclose(each, segment_name) for each in where.filters)
    if isinstance(where, Not):
        inner = describe(where.filter, segment_name)
        return _("not (%(condition)s)") % {"condition": inner}
    if isinstance(where, HasDone):
        inner = describe(where.filter, segment_name)
        text = (
            _("has done (%(condition)s)")
            if where.done
            else _("has not done (%(condition)s)")
        )
        return text % {"condition": inner}
    return ""


def enclose(where: Where, segment_name: NameOf) -> str:
    """The condition in words, in brackets where others stand beside it."""
    text = describe(where, segment_name)
    return f"({text})" if isinstance(where, And | Or) else text


def write_filter(condition: Filter, segment_name: NameOf = str) -> tuple[str, str, str]:
    """Dimension, operator and values; the operator is "" where it goes without saying."""
    if condition.dimension == "segment":
        shown = [segment_name(value) for value in condition.values]
    elif condition.operator in (Operator.IS, Operator.IS_NOT):
        shown = [label_of(condition.dimension, value) for value in condition.values]
    else:
        shown = list(condition.values)
    return (
        name_of_dimension(condition.dimension),
        name_of_operator(condition.operator),
        f" {_('or')} ".join(shown),
    )
