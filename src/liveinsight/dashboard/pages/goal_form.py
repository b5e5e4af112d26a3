"""The fields of the form of a goal."""

from enum import StrEnum
from typing import Final

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from liveinsight.core import limits
from liveinsight.core.event import ENGAGEMENT
from liveinsight.dashboard.errors import explain
from liveinsight.dashboard.goals import BUILT_IN, NAME_CHARS
from liveinsight.dashboard.pages.labels import OPERATOR_NAMES
from liveinsight.errors import QueryError
from liveinsight.query.actions import MAX_PROPERTIES, Action, PropertyTest, where_of
from liveinsight.query.check import check_filters
from liveinsight.query.model import Operator

LONGEST_SECONDS: Final = 24 * 60 * 60
MOST_MONEY: Final = 1e9

OPERATORS: Final = tuple((each, _(name)) for each, name in OPERATOR_NAMES.items())


class Kind(StrEnum):
    """What is looked for."""

    PAGE = "page"
    EVENT = "event"
    TIME = "time"
    SCROLL = "scroll"


KINDS: Final = (
    (Kind.PAGE, _("A page is viewed")),
    (Kind.EVENT, _("An event happens")),
    (Kind.TIME, _("A page is read for a time")),
    (Kind.SCROLL, _("A page is scrolled to a depth")),
)
NEEDED: Final = {
    Kind.PAGE: "page",
    Kind.EVENT: "event_type",
    Kind.TIME: "seconds",
    Kind.SCROLL: "percent",
}
"""The field that says what the kind is about."""


def clean_page(text: str) -> str:
    """The pattern of pages, also of a whole address that was pasted.

    Raises:
        ValidationError: it can be no page's.
    """
    text = text.strip()
    if "://" in text:
        rest = text.partition("://")[2]
        text = "/" + rest.partition("/")[2].partition("?")[0].partition("#")[0]
    if text and not text.startswith(("/", "*")):
        raise ValidationError(_("A page begins with / or *"))
    return text


class GoalForm(forms.Form):
    """A goal; fields that its kind has no use for are not read."""

    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_CHARS,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("As it appears in the reports."),
    )
    kind = forms.ChoiceField(
        label=_("Reached when"),
        choices=KINDS,
        initial=Kind.PAGE,
        widget=forms.RadioSelect,
    )
    page = forms.CharField(
        label=_("Page"),
        max_length=limits.URL_CHARS,
        required=False,
        widget=forms.TextInput(
            attrs={
                "list": "pages",
                "placeholder": "/thank-you",
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
        help_text=_(
            "/blog/* stands for every page right below /blog/, "
            "/blog/** for those further down, too."
        ),
    )
    event_type = forms.CharField(
        label=_("Event"),
        max_length=limits.EVENT_TYPE_CHARS,
        required=False,
        widget=forms.TextInput(
            attrs={
                "list": "events",
                "placeholder": "sign_up",
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
        help_text=_("The name that the page sends it under."),
    )
    seconds = forms.IntegerField(
        label=_("Seconds"),
        min_value=1,
        max_value=LONGEST_SECONDS,
        required=False,
        help_text=_("In view and in use, added up over one session."),
    )
    percent = forms.IntegerField(
        label=_("Depth in percent"),
        min_value=1,
        max_value=100,
        required=False,
        help_text=_("100 is the end of the page."),
    )
    amount = forms.FloatField(
        label=_("Value of one conversion"),
        min_value=0,
        max_value=MOST_MONEY,
        required=False,
        help_text=_("Empty: the revenue that the event itself carries."),
    )
    currency = forms.CharField(
        label=_("Currency"),
        required=False,
        validators=[RegexValidator(limits.CURRENCY_PATTERN)],
        error_messages={"invalid": _("Write a currency as EUR")},
        widget=forms.TextInput(
            attrs={"placeholder": "EUR", "maxlength": 3, "autocomplete": "off"}
        ),
    )

    def clean_page(self) -> str:
        """The path, also of a whole address that was pasted."""
        return clean_page(str(self.cleaned_data["page"]))

    def clean_event_type(self) -> str:
        """The type without blanks around it."""
        event_type = str(self.cleaned_data["event_type"]).strip()
        if event_type == ENGAGEMENT:
            raise ValidationError(_("Choose the time or the depth instead."))
        return event_type

    def clean_name(self) -> str:
        """A name that is not the built-in goal's."""
        name = str(self.cleaned_data["name"]).strip()
        if name == BUILT_IN:
            raise ValidationError(_("Every site has the goal conversion already."))
        return name

    def clean(self) -> None:
        """What the kind is about is there, and the value has a currency."""
        given = self.cleaned_data
        kind = given.get("kind")
        needed = NEEDED.get(Kind(kind)) if kind else None
        if needed and needed not in self.errors and not given.get(needed):
            self.add_error(needed, _("Fill this in."))
        lacks_currency = given.get("amount") is not None and not given.get("currency")
        if lacks_currency and "currency" not in self.errors:
            self.add_error("currency", _("Write a currency as EUR"))


class PropertyForm(forms.Form):
    """A condition on a property; without a name it says nothing."""

    name = forms.CharField(
        label=_("Property"),
        max_length=limits.PROPERTY_KEY_CHARS,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    operator = forms.ChoiceField(
        label=_("Comparison"), choices=OPERATORS, initial=Operator.IS
    )
    value = forms.CharField(
        label=_("Value"),
        max_length=limits.PROPERTY_CHARS,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean(self) -> None:
        """The engine will take the condition."""
        test = self.test()
        if test is None or self.errors:
            return
        try:
            check_filters(
                (where_of(Action(event_type="", properties=(test,))),), "value"
            )
        except QueryError as error:
            self.add_error("value", explain(error))

    def test(self) -> PropertyTest | None:
        """The condition; None where no property is named."""
        name = str(self.cleaned_data.get("name", "")).strip()
        if not name:
            return None
        return PropertyTest(
            name=name,
            operator=Operator(self.cleaned_data.get("operator", Operator.IS)),
            value=str(self.cleaned_data.get("value", "")),
        )


PropertyForms = forms.formset_factory(
    PropertyForm, extra=0, max_num=MAX_PROPERTIES, absolute_max=MAX_PROPERTIES
)
"""As many rows as are written in, and some empty ones."""
