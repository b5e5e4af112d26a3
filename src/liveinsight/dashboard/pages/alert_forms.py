"""What an owner chooses for an alert: one form for each kind."""

from typing import Any, Final, cast

import msgspec
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from liveinsight.core import limits
from liveinsight.dashboard.alerts.destination import read_destination
from liveinsight.dashboard.alerts.model import (
    METRICS,
    MOST_EMAILS,
    NAME_CHARS,
    Direction,
    Watched,
)
from liveinsight.dashboard.alerts.words import METRIC_NAMES
from liveinsight.dashboard.pages.forms import LinesField
from liveinsight.errors import ConfigError


class EmailsField(LinesField):
    """Addresses of mail, one a line."""

    def to_python(self, value: object) -> list[str]:
        """The addresses, each once."""
        found = super().to_python(value)
        if len(found) > MOST_EMAILS:
            raise ValidationError(_("At most 10 addresses."))
        return found

    def check_line(self, line: str) -> str:
        """The line, if mail can go there."""
        validate_email(line)
        return line


class CountField(forms.IntegerField):
    """A whole number; phones show their digits for it."""

    widget = forms.NumberInput(attrs={"inputmode": "numeric"})


class AlertForm(forms.Form):
    """What every alert has; a form of a kind adds what it watches."""

    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_CHARS,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    emails = EmailsField(
        label=_("E-mail to"),
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 2, "spellcheck": "false", "placeholder": "ada@example.com"}
        ),
        help_text=_("One address a line."),
    )
    webhook_url = forms.CharField(
        label=_("Webhook"),
        required=False,
        max_length=limits.URL_CHARS,
        widget=forms.TextInput(
            attrs={
                "inputmode": "url",
                "autocomplete": "off",
                "spellcheck": "false",
                "placeholder": "https://hooks.example.com/…",
            }
        ),
        help_text=_("Gets signed JSON. The host has to be a public one."),
    )
    language = forms.ChoiceField(
        label=_("Language of the messages"),
        choices=settings.LANGUAGES,
        help_text=_("Of e-mail, and of the text in what the webhook gets."),
    )
    watched_fields: tuple[str, ...] = ()
    kind = ""

    def clean_webhook_url(self) -> str:
        """The address, if it is one that would be called."""
        url = str(self.cleaned_data["webhook_url"]).strip()
        if url:
            try:
                read_destination(url)
            except ConfigError:
                raise ValidationError(
                    _("Write an address as https://hooks.example.com/path")
                ) from None
        return url

    def clean(self) -> dict[str, Any]:
        """Somebody has to be told."""
        cleaned = super().clean() or {}
        nobody = not cleaned.get("emails") and not cleaned.get("webhook_url")
        if nobody and not self.errors:
            raise ValidationError(_("Give an e-mail address or a webhook."))
        return cleaned

    def own_fields(self) -> list[forms.BoundField]:
        """What is watched, in the order of the form."""
        return [self[name] for name in self.watched_fields]

    def read_watched(self) -> Watched:
        """What the form says is watched."""
        said = {name: self.cleaned_data[name] for name in self.watched_fields}
        return cast("Watched", msgspec.convert(said | {"kind": self.kind}, Watched))


class VisitorsForm(AlertForm):
    """Current visitors above or below a number."""

    kind = "visitors"
    watched_fields = ("direction", "than")
    direction = forms.ChoiceField(
        label=_("Current visitors are"),
        choices=[(Direction.ABOVE, _("above")), (Direction.BELOW, _("below"))],
    )
    than = CountField(
        label=_("This many"),
        min_value=1,
        max_value=10_000_000,
        initial=100,
        help_text=_(
            "It has to last two minutes, and is over once the number is a tenth back."
        ),
    )


class ChangeForm(AlertForm):
    """A metric against the same hour of recent weeks."""

    kind = "change"
    watched_fields = ("metric", "direction", "percent", "least")
    metric = forms.ChoiceField(
        label=_("Metric"), choices=[(name, _(METRIC_NAMES[name])) for name in METRICS]
    )
    direction = forms.ChoiceField(
        label=_("Its last full hour is"),
        choices=[
            (Direction.BELOW, _("below the usual")),
            (Direction.ABOVE, _("above the usual")),
        ],
    )
    percent = CountField(
        label=_("By percent"),
        min_value=1,
        max_value=100_000,
        initial=50,
        help_text=_("The usual is the mean of the same hour in the last four weeks."),
    )
    least = CountField(
        label=_("Where the usual is at least"),
        min_value=1,
        max_value=1_000_000_000,
        initial=20,
        help_text=_("Of few, chance alone doubles or halves."),
    )


class QuietForm(AlertForm):
    """No event for some time."""

    kind = "quiet"
    watched_fields = ("minutes",)
    minutes = CountField(
        label=_("No event for this many minutes"),
        min_value=5,
        max_value=7 * 24 * 60,
        initial=60,
        help_text=_("Longer than the site's quietest hours."),
    )


class RefusedForm(AlertForm):
    """The share of dropped and rejected events."""

    kind = "refused"
    watched_fields = ("points",)
    points = CountField(
        label=_("Percentage points above the usual"),
        min_value=1,
        max_value=100,
        initial=20,
        help_text=_("The share of the last two hours against that of the week before."),
    )


FORMS: Final = {
    form.kind: form for form in (VisitorsForm, ChangeForm, QuietForm, RefusedForm)
}
