"""What an owner writes about a site."""

import ipaddress
import zoneinfo
from typing import Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from liveinsight.core import limits
from liveinsight.core.site import site_id

LONGEST_LIST: Final = 200


class TimezoneField(forms.CharField):
    """An IANA time zone; the page offers the known ones."""

    def clean(self, value: object) -> str:
        """The name, if there is such a zone."""
        name = str(super().clean(value))
        if name not in zoneinfo.available_timezones():
            raise ValidationError(_("There is no time zone of this name."))
        return name


class LinesField(forms.Field):
    """A list, one entry a line."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def prepare_value(self, value: object) -> object:
        """The list as lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: object) -> list[str]:
        """The lines that say something."""
        lines = [line.strip() for line in str(value or "").splitlines()]
        kept = list(dict.fromkeys(line for line in lines if line))
        if len(kept) > LONGEST_LIST:
            raise ValidationError(_("At most 200 lines."))
        return [self.check_line(line) for line in kept]

    def check_line(self, line: str) -> str:
        """The line as it is kept."""
        return line


class OriginsField(LinesField):
    """Origins, as `https://shop.example`."""

    def check_line(self, line: str) -> str:
        """The origin without a path."""
        origin = line.rstrip("/").lower()
        scheme, mark, host = origin.partition("://")
        if not mark or scheme not in {"http", "https"} or "/" in host or not host:
            raise ValidationError(_("Write an origin as https://shop.example"))
        return origin


class NetworksField(LinesField):
    """Addresses or networks, as `203.0.113.7` or `203.0.113.0/24`."""

    def check_line(self, line: str) -> str:
        """The network in its usual form."""
        try:
            network = ipaddress.ip_network(line, strict=False)
        except ValueError:
            raise ValidationError(
                _("Write an address as 203.0.113.7 or 203.0.113.0/24")
            ) from None
        return str(network.network_address if network.num_addresses == 1 else network)


def timezone_input() -> forms.TextInput:
    """A field with suggestions; the script fills in the browser's own zone."""
    return forms.TextInput(
        attrs={"list": "timezones", "data-guess-timezone": "", "autocomplete": "off"}
    )


class AddSite(forms.Form):
    """A new site."""

    domain = forms.CharField(
        label=_("Domain"),
        max_length=limits.SITE_CHARS,
        widget=forms.TextInput(
            attrs={
                "placeholder": "shop.example",
                "autocomplete": "off",
                "autofocus": True,
            }
        ),
        help_text=_("Without https:// and www. Its subdomains are counted with it."),
    )
    timezone = TimezoneField(
        label=_("Time zone"),
        initial="UTC",
        widget=timezone_input(),
        help_text=_("It decides where a day begins."),
    )

    def clean_domain(self) -> str:
        """The id of the site."""
        # People paste what stands in the address bar.
        text = str(self.cleaned_data["domain"]).strip()
        site = site_id(text.rpartition("://")[2].partition("/")[0])
        if not site:
            raise ValidationError(_("Write a domain as shop.example"))
        return site


class EditSite(forms.Form):
    """The settings of a site."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        required=False,
        help_text=_("Shown beside the domain."),
    )
    timezone = TimezoneField(
        label=_("Time zone"),
        widget=forms.TextInput(attrs={"list": "timezones", "autocomplete": "off"}),
        help_text=_("It decides where a day begins, in all numbers, old ones too."),
    )
    allowed_origins = OriginsField(
        label=_("Allowed origins"),
        required=False,
        help_text=_("One a line. Empty: events may come from any page."),
    )
    excluded_addresses = NetworksField(
        label=_("Excluded addresses"),
        required=False,
        help_text=_(
            "One address or network a line, such as your own. Their events are dropped."
        ),
    )
    keep_addresses = forms.BooleanField(
        label=_("Keep visitors' IP addresses"),
        required=False,
        help_text=_("Off, addresses are used for the country and forgotten."),
    )
