"""The form of a goal: what a person writes, and the definition that it means."""

from typing import Final

from django.http import QueryDict

from liveinsight.core import limits
from liveinsight.core.event import PAGE_VIEW, Revenue
from liveinsight.dashboard.pages.goal_form import GoalForm, Kind, PropertyForms
from liveinsight.query.actions import MAX_PROPERTIES, Action, Definition

ROWS: Final = 3
"""Of conditions on properties, at least one of them empty."""


class GoalForms:
    """The form and its rows of properties."""

    def __init__(
        self,
        data: QueryDict | None,
        *,
        name: str = "",
        definition: Definition | None = None,
        suggested: dict[str, str] | None = None,
    ) -> None:
        initial = {**describe(name, definition), **(suggested or {})}
        tests = definition.action.properties if definition else ()
        rows: list[dict[str, object]] = [
            {"name": each.name, "operator": each.operator, "value": each.value}
            for each in tests
        ]
        rows += [{}] * min(max(1, ROWS - len(rows)), MAX_PROPERTIES - len(rows))
        self.goal = GoalForm(data, initial=initial)
        # Else a row that is as it was counts as empty.
        every = {"empty_permitted": False}
        self.properties = PropertyForms(
            data, initial=rows, prefix="property", form_kwargs=every
        )

    def is_valid(self) -> bool:
        """Whether all of it can be saved; both parts say what is wrong."""
        return all([self.goal.is_valid(), self.properties.is_valid()])

    @property
    def is_wrong(self) -> bool:
        """Whether something was refused."""
        return self.goal.is_bound and not self.is_valid()

    @property
    def name(self) -> str:
        """The goal's name, once valid."""
        return str(self.goal.cleaned_data["name"])

    def definition(self) -> Definition:
        """What was written, once valid."""
        given = self.goal.cleaned_data
        kind = Kind(given["kind"])
        tests = tuple(
            test for form in self.properties.forms if (test := form.test()) is not None
        )
        action = Action(
            event_type=given["event_type"] if kind is Kind.EVENT else PAGE_VIEW,
            page=given["page"],
            properties=tests if kind is Kind.EVENT else (),
        )
        amount = given["amount"]
        return Definition(
            action=action,
            engagement_ms=given["seconds"] * limits.SECOND if kind is Kind.TIME else 0,
            scroll_percent=given["percent"] if kind is Kind.SCROLL else 0,
            value=None
            if amount is None
            else Revenue(amount=amount, currency=given["currency"].upper()),
        )


def kind_of(definition: Definition) -> Kind:
    """Which of the kinds the definition is."""
    if definition.engagement_ms:
        return Kind.TIME
    if definition.scroll_percent:
        return Kind.SCROLL
    action = definition.action
    is_view = action.event_type == PAGE_VIEW and not action.properties
    return Kind.PAGE if is_view and action.page else Kind.EVENT


def describe(name: str, definition: Definition | None) -> dict[str, object]:
    """What the form shows of a definition."""
    if definition is None:
        return {}
    kind = kind_of(definition)
    return {
        "name": name,
        "kind": kind,
        "page": definition.action.page,
        "event_type": definition.action.event_type if kind is Kind.EVENT else "",
        "seconds": definition.engagement_ms // limits.SECOND or None,
        "percent": definition.scroll_percent or None,
        "amount": definition.value.amount if definition.value else None,
        "currency": definition.value.currency if definition.value else "",
    }
