"""Signing in and out, the first account, and the password."""

from django import forms
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import (
    password_validators_help_text_html,
    validate_password,
)
from django.contrib.auth.views import (
    LoginView,
    LogoutView,
    PasswordChangeView,
)
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from liveinsight.core import limits
from liveinsight.dashboard import accounts
from liveinsight.dashboard.clock import now_ms
from liveinsight.dashboard.errors import explain
from liveinsight.dashboard.throttle import Throttle
from liveinsight.errors import ConfigError

throttle = Throttle()


class SignIn(LoginView):
    """The sign-in page; 429 for somebody who tries too often."""

    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: str, **kwargs: object) -> HttpResponse:
        """Tries to sign in; the try is counted before the password is looked at."""
        name = request.POST.get("username", "")
        wait = throttle.wait_ms(address_of(request), name, now_ms())
        if wait:
            return self.refuse(wait)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """The password was right."""
        throttle.forgive(address_of(self.request), form.cleaned_data["username"])
        return super().form_valid(form)

    def refuse(self, wait_ms: int) -> HttpResponse:
        """The page with a sentence, and when to come back."""
        seconds = -(-wait_ms // limits.SECOND)
        form = self.get_form_class()(self.request)
        response = self.render_to_response(
            self.get_context_data(form=form, wait_minutes=-(-seconds // 60)),
            status=429,
        )
        response.headers["Retry-After"] = str(seconds)
        return response

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        """Adds whether there is any account to sign in with."""
        return super().get_context_data(has_accounts=User.objects.exists(), **kwargs)


class ChangePassword(PasswordChangeView):
    """A new password; every other session of the account ends."""

    template_name = "accounts/password.html"
    success_url = reverse_lazy("password-changed")


class FirstAccount(forms.Form):
    """The name and password of the administrator."""

    username = forms.CharField(
        label=_("Username"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html(),
    )

    def clean(self) -> dict[str, object] | None:
        """What is wrong with the password is said beside it, in the page's language."""
        said = super().clean()
        account = User(username=self.cleaned_data.get("username", ""))
        try:
            validate_password(self.cleaned_data.get("password", ""), account)
        except ValidationError as error:
            self.add_error("password", error)
        return said


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest, token: str) -> HttpResponse:
    """The one-time page that makes the first account and signs it in."""
    if not accounts.is_setup_token(token):
        raise Http404
    form = FirstAccount(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            account = accounts.make_first_account(
                token, form.cleaned_data["username"], form.cleaned_data["password"]
            )
        except ConfigError as error:
            form.add_error(None, explain(error))
        else:
            if account is None:
                raise Http404
            login(request, account)
            return redirect("/")
    return render(request, "accounts/setup.html", {"form": form})


def password_changed(request: HttpRequest) -> HttpResponse:
    """Says that the new password is in force."""
    return render(request, "accounts/password_changed.html")


def address_of(request: HttpRequest) -> str:
    """The client's address, for the throttle only."""
    return str(request.META.get("REMOTE_ADDR", ""))


auth_urls = [
    path("accounts/sign-in/", SignIn.as_view(), name="sign-in"),
    path(
        "accounts/sign-out/",
        method_decorator(login_not_required, name="dispatch")(LogoutView).as_view(),
        name="sign-out",
    ),
    path("accounts/password/", ChangePassword.as_view(), name="password"),
    path("accounts/password/changed/", password_changed, name="password-changed"),
    path("accounts/setup/<str:token>/", set_up, name="setup"),
]
