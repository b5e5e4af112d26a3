"""`/alerts/`: the alerts of a site, and what each has told."""

from typing import Final

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from liveinsight.core import limits
from liveinsight.dashboard import models, runtime
from liveinsight.dashboard.alerts import mail
from liveinsight.dashboard.alerts.manage import (
    Chosen,
    add_alert,
    list_alerts,
    save_alert,
    send_test,
    switch_alert,
)
from liveinsight.dashboard.alerts.model import State, read_definition, read_state
from liveinsight.dashboard.alerts.outbox import (
    Delivery,
    Progress,
    Way,
    read_deliveries,
    retell,
)
from liveinsight.dashboard.alerts.words import describe, explain_delivery
from liveinsight.dashboard.errors import explain
from liveinsight.dashboard.pages.alert_forms import FORMS, AlertForm
from liveinsight.dashboard.pages.scope import Scope, answering_errors, read_scope
from liveinsight.dashboard.sites import load_sites
from liveinsight.errors import ConfigError

HISTORY: Final = 50
WATCHED_FOR: Final = 1 * limits.MINUTE
"""A page that shows a test on its way offers to look again for so long."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of alert to choose."""

    name: str
    label: str
    text: str


KINDS: Final = (
    Kind(
        name="visitors",
        label=gettext_noop("Current visitors"),
        text=gettext_noop("More people than the server or the team expects, or fewer."),
    ),
    Kind(
        name="change",
        label=gettext_noop("Unusual hour"),
        text=gettext_noop("A metric far from the same hour of recent weeks."),
    ),
    Kind(
        name="quiet",
        label=gettext_noop("Gone quiet"),
        text=gettext_noop("No events: a page, a tag or a server is broken."),
    ),
    Kind(
        name="refused",
        label=gettext_noop("Dropped or rejected"),
        text=gettext_noop("A larger share than usual does not count."),
    ),
)
LEDGERS_OWN: Final = {"refused"}
"""What this server can only tell where it collects itself."""


class AlertRow(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as the list shows it."""

    id: int
    name: str
    what: str
    is_on: bool
    state: State
    emails: int
    has_webhook: bool


class MessageRow(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the history shows it."""

    at: int
    kind: str
    text: str
    deliveries: list[Delivery]


@require_safe
@answering_errors
def alerts(request: HttpRequest) -> HttpResponse:
    """The site's alerts, and the latest messages of all of them."""
    scope = read_scope(request)
    if scope.site not in load_sites().by_id:
        return redirect("add-site")
    rows = list_alerts(scope.site)
    sent = models.AlertMessage.objects.filter(alert__site=scope.site)
    told = sent.select_related("alert")[:HISTORY]
    context = {
        "scope": scope,
        "rows": [make_row(row) for row in rows],
        "kinds": list_kinds(),
        "history": [make_message(each) for each in told],
        "is_waiting": any(is_fresh_test(each, scope.now) for each in told),
    }
    return render(request, "alerts.html", context)


def list_kinds() -> list[Kind]:
    """The kinds that this server can watch."""
    is_stack = runtime.current().stack is not None
    return [kind for kind in KINDS if not (is_stack and kind.name in LEDGERS_OWN)]


def make_row(row: models.Alert) -> AlertRow:
    """One alert."""
    return AlertRow(
        id=row.pk,
        name=row.name,
        what=describe(read_definition(row).watched),
        is_on=row.is_on,
        state=read_state(row),
        emails=len(row.emails),
        has_webhook=bool(row.webhook_url),
    )


def make_message(message: models.AlertMessage) -> MessageRow:
    """One message."""
    return MessageRow(
        at=message.at,
        kind=message.kind,
        text=retell(message),
        deliveries=[show_delivery(each) for each in read_deliveries(message)],
    )


def show_delivery(delivery: Delivery) -> Delivery:
    """In the words of the page, and of a webhook the host alone.

    Its path is the secret at many services.
    """
    to = delivery.to
    if delivery.way is Way.WEBHOOK:
        to = to.partition("://")[2].partition("/")[0]
    return msgspec.structs.replace(
        delivery, to=to, said=explain_delivery(delivery.said)
    )


def is_fresh_test(message: models.AlertMessage, now: int) -> bool:
    """Whether somebody looks at this page for what becomes of a test."""
    return now - message.at < WATCHED_FOR and any(
        each.progress is Progress.WAITING and not each.tries
        for each in read_deliveries(message)
    )


@require_http_methods(["GET", "HEAD", "POST"])
@answering_errors
def add(request: HttpRequest, kind: str) -> HttpResponse:
    """A form for a new alert of this kind."""
    scope = read_scope(request)
    if kind not in {each.name for each in list_kinds()}:
        raise Http404
    if scope.site not in load_sites().by_id:
        return redirect("add-site")
    form = FORMS[kind](request.POST or None, initial={"language": get_language()})
    if request.method == "POST" and form.is_valid():
        try:
            made = add_alert(scope.site, read_choice(form))
        except ConfigError as error:
            form.add_error(None, explain(error))
        else:
            messages.success(request, _("The alert watches from now on."))
            return redirect(address_of(made))
    return show_form(request, form, scope=scope, label=label_of(kind))


@require_http_methods(["GET", "HEAD", "POST"])
@answering_errors
def alert(request: HttpRequest, alert_id: int) -> HttpResponse:
    """One alert: what it watches, whom it tells, and what it has told."""
    row = find_alert(alert_id)
    scope = scope_of(request, row)
    definition = read_definition(row)
    initial = msgspec.to_builtins(definition.watched) | {
        "name": row.name,
        "language": definition.language,
        "emails": row.emails,
        "webhook_url": row.webhook_url,
    }
    form = FORMS[row.kind](request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            save_alert(row, read_choice(form))
        except ConfigError as error:
            form.add_error(None, explain(error))
        else:
            messages.success(request, _("The alert is saved."))
            return redirect(address_of(row))
    told = row.alertmessage_set.all()[:HISTORY]
    return show_form(
        request,
        form,
        scope=scope,
        label=label_of(row.kind),
        row=make_row(row),
        secret=row.secret if row.webhook_url else "",
        history=[make_message(each) for each in told],
        is_waiting=any(is_fresh_test(each, scope.now) for each in told),
    )


def show_form(request: HttpRequest, form: AlertForm, **context: object) -> HttpResponse:
    """The page of one alert; its secret stays out of every cache."""
    shown = {"form": form, "has_mail": mail.is_configured(), **context}
    status = 400 if form.errors else 200
    response = render(request, "alert.html", shown, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def scope_of(request: HttpRequest, row: models.Alert) -> Scope:
    """The page's scope, which is of the alert's own site."""
    site = load_sites().get(row.site)
    return msgspec.structs.replace(
        read_scope(request), site=row.site, timezone=site.timezone
    )


def read_choice(form: AlertForm) -> Chosen:
    """What the form says."""
    return Chosen(
        name=form.cleaned_data["name"],
        watched=form.read_watched(),
        emails=form.cleaned_data["emails"],
        webhook_url=form.cleaned_data["webhook_url"],
        language=form.cleaned_data["language"],
    )


def label_of(kind: str) -> str:
    """The kind in words."""
    return _(next(each.label for each in KINDS if each.name == kind))


def find_alert(alert_id: int) -> models.Alert:
    """The alert's row; 404 without one."""
    row = models.Alert.objects.filter(pk=alert_id).first()
    if row is None:
        raise Http404
    return row


def address_of(row: models.Alert) -> str:
    """The page of the alert."""
    return f"{reverse('alert', args=[row.pk])}?site={row.site}"


@require_POST
def test(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Sends a test message to all whom the alert tells."""
    row = find_alert(alert_id)
    send_test(row)
    messages.success(request, _("A test is on its way; see below what becomes of it."))
    return redirect(address_of(row))


@require_POST
def switch(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Switches the alert on or off."""
    row = find_alert(alert_id)
    switch_alert(row, is_on=request.POST.get("on") == "1")
    said = _("The alert is on.") if row.is_on else _("The alert is off.")
    messages.success(request, said)
    return redirect(address_of(row))


@require_POST
def remove(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Removes the alert and what it has told."""
    row = find_alert(alert_id)
    row.delete()
    said = _("The alert %(name)s is removed.") % {"name": row.name}
    messages.success(request, said)
    return redirect(f"{reverse('alerts')}?site={row.site}")
