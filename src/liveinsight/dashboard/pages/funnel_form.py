"""The form of a funnel: its steps, and the definition that they mean."""

from enum import StrEnum
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from liveinsight.core import limits
from liveinsight.core.event import ENGAGEMENT, PAGE_VIEW
from liveinsight.core.limits import DAY, HOUR, MINUTE
from liveinsight.dashboard.funnels import (
    NAME_CHARS,
    FunnelDefinition,
    StepDefinition,
)
from liveinsight.dashboard.pages.goal_form import clean_page
from liveinsight.query.actions import Action
from liveinsight.query.funnel import LEAST_STEPS, MOST_STEPS, Sequence

ROWS: Final = 3
"""Of a new funnel."""
SESSION: Final = "session"
WINDOWS: Final = (
    (SESSION, _("one session")),
    (str(10 * MINUTE), _("10 minutes")),
    (str(30 * MINUTE), _("30 minutes")),
    (str(HOUR), _("1 hour")),
    (str(DAY), _("1 day")),
    (str(3 * DAY), _("3 days")),
    (str(7 * DAY), _("7 days")),
    (str(30 * DAY), _("30 days")),
    (str(90 * DAY), _("90 days")),
)
SEQUENCES: Final = (
    (Sequence.ORDER, _("In this order, anything may happen between")),
    (Sequence.STRICT, _("Strictly one after the other, nothing between")),
)


Goals = tuple[tuple[str, str], ...]
"""To choose from: id and name."""


class Kind(StrEnum):
    """What a step is."""

    PAGE = "page"
    EVENT = "event"
    GOAL = "goal"


KINDS: Final = (
    (Kind.PAGE, _("Page")),
    (Kind.EVENT, _("Event")),
    (Kind.GOAL, _("Goal")),
)


def _text(**attributes: object) -> forms.TextInput:
    return forms.TextInput(
        attrs={"autocomplete": "off", "spellcheck": "false", **attributes}
    )


class FunnelForm(forms.Form):
    """What holds for the funnel as a whole."""

    name = forms.CharField(
        label=_("Name"), max_length=NAME_CHARS, widget=_text(placeholder="Checkout")
    )
    sequence = forms.ChoiceField(
        label=_("The steps follow"),
        choices=SEQUENCES,
        initial=Sequence.ORDER,
        widget=forms.RadioSelect,
    )
    window = forms.ChoiceField(
        label=_("All within"),
        choices=WINDOWS,
        initial=SESSION,
        help_text=_("Counted from the first step."),
    )


class StepForm(forms.Form):
    """One step; a row in which nothing is written is none."""

    kind = forms.ChoiceField(label=_("Step"), choices=KINDS, initial=Kind.PAGE)
    page = forms.CharField(
        label=_("Page"),
        max_length=limits.URL_CHARS,
        required=False,
        widget=_text(list="pages", placeholder="/cart/"),
    )
    event_type = forms.CharField(
        label=_("Event"),
        max_length=limits.EVENT_TYPE_CHARS,
        required=False,
        widget=_text(list="events", placeholder="add_to_cart"),
    )
    goal = forms.TypedChoiceField(
        label=_("Goal"), coerce=int, empty_value=None, required=False
    )
    """FunnelForms says which there are."""
    name = forms.CharField(
        label=_("Shown as"),
        max_length=NAME_CHARS,
        required=False,
        widget=_text(placeholder=_("Shown as")),
    )

    def clean_page(self) -> str:
        """The path, also of a whole address that was pasted."""
        return clean_page(str(self.cleaned_data["page"]))

    def clean_event_type(self) -> str:
        """The type without blanks around it."""
        event_type = str(self.cleaned_data["event_type"]).strip()
        if event_type == ENGAGEMENT:
            raise ValidationError(_("Make a goal of a time or a depth, and choose it."))
        return event_type

    def step(self) -> StepDefinition | None:
        """The step, once valid; None where nothing is written."""
        given = self.cleaned_data
        name = str(given.get("name", "")).strip()
        match given.get("kind"):
            case Kind.PAGE if given["page"]:
                return StepDefinition(name=name, action=Action(page=given["page"]))
            case Kind.EVENT if given["event_type"]:
                action = Action(event_type=given["event_type"])
                return StepDefinition(name=name, action=action)
            case Kind.GOAL if given["goal"] is not None:
                return StepDefinition(name=name, goal=given["goal"])
            case _:
                return None


StepForms = forms.formset_factory(
    StepForm, extra=0, max_num=MOST_STEPS, absolute_max=MOST_STEPS
)


class FunnelForms:
    """The form and its rows of steps.

    `more`, `up` and `gone` in the data are buttons that change the rows, without
    saving: they work without scripts.
    """

    def __init__(
        self,
        data: QueryDict | None,
        *,
        goals: Goals,
        name: str = "",
        definition: FunnelDefinition | None = None,
    ) -> None:
        self.goals = goals
        self.funnel = FunnelForm(data, initial=describe(name, definition))
        rows = [describe_step(step) for step in definition.steps] if definition else []
        self.steps = make_rows(data, rows or [{}] * ROWS, goals)

    @property
    def has_room(self) -> bool:
        """Whether another step can be added."""
        return len(self.steps.forms) < MOST_STEPS

    def rearranged(self, data: QueryDict) -> "FunnelForms | None":
        """The form with its rows changed as a button says; None: it is to be saved."""
        rows = [read_row(data, number) for number in range(len(self.steps.forms))]
        up, gone = data.get("up", ""), data.get("gone", "")
        if "more" in data:
            rows = [*rows, {}][:MOST_STEPS]
        elif up.isdecimal() and 0 < int(up[:3]) < len(rows):
            at = int(up)
            rows[at - 1], rows[at] = rows[at], rows[at - 1]
        elif gone.isdecimal() and int(gone[:3]) < len(rows):
            del rows[int(gone)]
            rows += [{}] * (LEAST_STEPS - len(rows))
        else:
            return None
        fresh = FunnelForms(None, goals=self.goals)
        written = {name: data.get(name, "") for name in fresh.funnel.fields}
        fresh.funnel = FunnelForm(initial=written)
        fresh.steps = make_rows(None, rows, self.goals)
        return fresh

    def is_valid(self) -> bool:
        """Whether all of it can be saved; what is wrong is said where it is."""
        if not all([self.funnel.is_valid(), self.steps.is_valid()]):
            return False
        if len(self.written()) < LEAST_STEPS:
            self.funnel.add_error(None, _("Write at least two steps."))
            return False
        return True

    @property
    def name(self) -> str:
        """The funnel's name, once valid."""
        return str(self.funnel.cleaned_data["name"]).strip()

    def written(self) -> tuple[StepDefinition, ...]:
        """The steps that say something, once valid."""
        found = (form.step() for form in self.steps.forms)
        return tuple(step for step in found if step is not None)

    def definition(self) -> FunnelDefinition:
        """What was written, once valid."""
        given = self.funnel.cleaned_data
        window = given["window"]
        return FunnelDefinition(
            steps=self.written(),
            sequence=Sequence(given["sequence"]),
            window_ms=None if window == SESSION else int(window),
        )


def make_rows(
    data: QueryDict | None, rows: list[dict[str, object]], goals: Goals
) -> Any:  # noqa: ANN401 a formset's type is made at run time
    """The rows of steps, with these goals to choose from."""
    # Else a row that is as it was counts as empty.
    every = {"empty_permitted": False}
    made: Any = StepForms(data, initial=rows, prefix="step", form_kwargs=every)
    for form in made.forms:
        form.fields["goal"].choices = [("", "—"), *goals]
    return made


def describe(name: str, definition: FunnelDefinition | None) -> dict[str, object]:
    """What the form shows of a definition."""
    if definition is None:
        return {}
    window = definition.window_ms
    return {
        "name": name,
        "sequence": definition.sequence,
        "window": SESSION if window is None else str(window),
    }


def describe_step(step: StepDefinition) -> dict[str, object]:
    """What a row shows of a step."""
    if step.goal is not None:
        return {"kind": Kind.GOAL, "goal": step.goal, "name": step.name}
    action = step.action
    if action.event_type == PAGE_VIEW and action.page:
        return {"kind": Kind.PAGE, "page": action.page, "name": step.name}
    return {"kind": Kind.EVENT, "event_type": action.event_type, "name": step.name}


def read_row(data: QueryDict, number: int) -> dict[str, object]:
    """What is written in a row, right or wrong."""
    return {
        name: data.get(f"step-{number}-{name}", "") for name in StepForm.base_fields
    }
