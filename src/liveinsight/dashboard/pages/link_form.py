"""What an owner chooses for a shared link."""

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from liveinsight.dashboard.links import NAME_CHARS, PASSWORD_CHARS


class AddLink(forms.Form):
    """A new shared link; `segments` (id, name) are those that the owner may use."""

    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_CHARS,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Whom it is for. Only you see it."),
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        min_length=PASSWORD_CHARS[0],
        max_length=PASSWORD_CHARS[1],
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Empty: whoever has the link sees the numbers."),
    )
    last_day = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: until you revoke it."),
    )
    is_embeddable = forms.BooleanField(
        label=_("May be embedded in other pages"),
        required=False,
        help_text=_("Gives an iframe to paste. Goes without a password."),
    )

    def __init__(
        self, segments: list[tuple[str, str]], data: QueryDict | None = None
    ) -> None:
        super().__init__(data)
        self.fields["segment"] = forms.ChoiceField(
            label=_("Shows"),
            required=False,
            choices=[("", _("The whole site")), *segments],
            help_text=_(
                "Whoever has the link cannot take the filters of a segment off."
            ),
        )

    def clean(self) -> dict[str, object]:
        """A frame on another site gets no cookie that would say the password was given."""
        cleaned = super().clean() or {}
        if cleaned.get("password") and cleaned.get("is_embeddable"):
            self.add_error(
                "password", _("An embedded page cannot ask for a password: choose one.")
            )
        return cleaned
