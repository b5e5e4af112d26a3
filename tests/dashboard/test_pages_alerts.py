"""`/alerts/` and `/links/`: what an owner keeps there."""

import pytest
from django.test import Client

from liveinsight.dashboard.alerts.model import Change, Visitors, read_definition
from liveinsight.dashboard.links import list_links
from liveinsight.dashboard.models import Alert, AlertMessage, AuditLine, SharedLink
from liveinsight.query.model import Filter, Operator
from tests.dashboard.clients import nobody
from tests.dashboard.links import a_link, a_segment, open_link
from tests.dashboard.pages import Shown, a_site_with, look
from tests.dashboard.project import SITE

RUSH = {
    "name": "Rush",
    "direction": "above",
    "than": "100",
    "emails": "ada@example.com\nben@example.com\n",
    "webhook_url": "https://hooks.example.com/T0/very-secret",
    "language": "en",
}
ADD = f"/alerts/add/visitors/?site={SITE}"


@pytest.fixture
def owner() -> Client:
    Alert.objects.all().delete()
    SharedLink.objects.all().delete()
    AuditLine.objects.all().delete()
    return a_site_with([])


def add(owner: Client, path: str = ADD, **chosen: str) -> Shown:
    """The answer to the form."""
    return Shown(owner.post(path, RUSH | chosen))


def test_an_empty_page_says_what_can_be_watched(owner: Client) -> None:
    shown = look(owner, "/alerts/")
    assert "Nothing is watched yet" in shown.text
    kinds = [way for way in shown.links() if "/alerts/add/" in way]
    assert len(kinds) == 4
    for way in kinds:
        assert look(owner, way).status == 200


def test_an_alert_is_kept_as_it_was_written(owner: Client) -> None:
    assert add(owner).status == 302
    alert = Alert.objects.get()
    assert read_definition(alert).watched == Visitors(than=100)
    assert alert.emails == ["ada@example.com", "ben@example.com"]
    shown = look(owner, f"/alerts/{alert.pk}/")
    assert 'value="100"' in shown.html
    assert alert.secret in shown.text
    assert shown.response.headers["Cache-Control"] == "no-store"
    assert alert.secret not in look(owner, "/alerts/").html


def test_an_alert_of_an_unusual_hour_is_kept(owner: Client) -> None:
    chosen = {"metric": "revenue", "direction": "below", "percent": "30", "least": "5"}
    assert add(owner, "/alerts/add/change/", **chosen).status == 302
    assert read_definition(Alert.objects.get()).watched == Change(
        metric="revenue", percent=30, least=5
    )


@pytest.mark.parametrize(
    "chosen",
    [
        {"name": ""},
        {"than": "0"},
        {"than": "many"},
        {"than": "1e3"},
        {"direction": "sideways"},
        {"emails": "ada"},
        {"emails": "a@example.com\n" * 2 + "x"},
        {"webhook_url": "https://169.254.169.254/latest/"},
        {"webhook_url": "javascript:alert(1)"},
        {"webhook_url": "", "emails": ""},
        {"language": "xx"},
    ],
)
def test_what_does_not_do_is_said_beside_its_field(
    owner: Client, chosen: dict[str, str]
) -> None:
    shown = add(owner, **chosen)
    assert shown.status == 400
    assert "errorlist" in shown.html
    assert not Alert.objects.exists()


def test_a_changed_alert_begins_anew_and_a_renamed_one_goes_on(owner: Client) -> None:
    add(owner)
    firing = {"is_firing": True, "since": 5}
    path = f"/alerts/{Alert.objects.get().pk}/"
    for chosen, state in (({"name": "Crowd"}, firing), ({"than": "50"}, {})):
        Alert.objects.update(state=firing)
        assert owner.post(path, RUSH | chosen).status_code == 302
        kept = Alert.objects.get().state
        assert isinstance(kept, dict)
        assert kept.get("is_firing", False) is bool(state)


def test_a_test_is_written_and_a_webhooks_path_is_not_shown(owner: Client) -> None:
    add(owner)
    path = f"/alerts/{Alert.objects.get().pk}/"
    assert owner.post(path + "test/").status_code == 302
    assert AlertMessage.objects.get().kind == "test"
    shown = look(owner, "/alerts/")
    assert "hooks.example.com" in shown.text
    assert "very-secret" not in shown.html
    assert "Look again" in shown.text


def test_the_language_of_messages_is_the_one_of_the_page_until_it_is_chosen(
    owner: Client,
) -> None:
    owner.cookies["liveinsight_language"] = "ko"
    assert '<option value="ko" selected' in look(owner, ADD).html
    add(owner, language="en")
    alert = Alert.objects.get()
    assert read_definition(alert).language == "en"
    path = f"/alerts/{alert.pk}/"
    assert '<option value="en" selected' in look(owner, path).html
    owner.post(path + "test/")
    assert AlertMessage.objects.get().text.startswith(f"{SITE}: This is a test")
    assert "테스트입니다" in look(owner, path).text


def test_an_alert_is_switched_off_and_removed(owner: Client) -> None:
    add(owner)
    path = f"/alerts/{Alert.objects.get().pk}/"
    owner.post(path + "switch/", {"on": "0"})
    assert not Alert.objects.get().is_on
    owner.post(path + "switch/", {"on": "1"})
    assert Alert.objects.get().is_on
    owner.post(path + "remove/")
    assert not Alert.objects.exists()
    assert look(owner, path).status == 404


@pytest.mark.parametrize("action", ["test", "switch", "remove"])
def test_what_changes_something_needs_a_form_of_our_own(
    owner: Client, action: str
) -> None:
    add(owner)
    path = f"/alerts/{Alert.objects.get().pk}/{action}/"
    assert owner.get(path).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = owner.cookies
    assert strict.post(path).status_code == 403
    assert nobody().post(path).status_code == 302
    assert Alert.objects.exists()


def test_a_name_is_shown_as_text(owner: Client) -> None:
    add(owner, name="<script>alert(1)</script>")
    for path in ("/alerts/", f"/alerts/{Alert.objects.get().pk}/"):
        assert "<script>alert(1)" not in look(owner, path).html


# --- links ---------------------------------------------------------------------------


def test_a_link_is_made_shown_and_revoked(owner: Client) -> None:
    assert "Nothing is shared yet" in look(owner, "/links/").text
    form = {"name": "Client", "is_embeddable": "on"}
    assert owner.post(f"/links/?site={SITE}", form).status_code == 302
    (link,) = list_links(SITE)
    shown = look(owner, "/links/")
    assert f"http://testserver/share/{link.slug}/" in shown.text
    assert f'<iframe src="http://testserver/embed/{link.slug}/"' in shown.text
    assert open_link(link).status == 200
    owner.post("/links/revoke/", {"link": str(link.pk)})
    assert open_link(link).status == 404
    assert "Nothing is shared yet" in look(owner, "/links/").text
    actions = AuditLine.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["share", "revoke"]
    assert link.slug not in str(list(AuditLine.objects.values()))


@pytest.mark.parametrize(
    "form",
    [
        {"name": ""},
        {"name": "x", "password": "short"},
        {"name": "x", "password": "long enough", "is_embeddable": "on"},
        {"name": "x", "last_day": "2001-01-01"},
        {"name": "x", "last_day": "tomorrow"},
        {"name": "x", "segment": "4711"},
        {"name": "x", "segment": "'; drop table"},
    ],
)
def test_a_link_that_does_not_do_is_not_made(
    owner: Client, form: dict[str, str]
) -> None:
    assert owner.post(f"/links/?site={SITE}", form).status_code == 400
    assert not SharedLink.objects.exists()


def test_a_segment_of_somebody_else_is_not_offered(owner: Client) -> None:
    from django.contrib.auth.models import User

    other = User.objects.create(username="eve")
    in_korea = Filter("country", Operator.IS, ("KR",))
    hers = a_segment(in_korea, account=other)
    form = {"name": "x", "segment": str(hers.pk)}
    assert owner.post(f"/links/?site={SITE}", form).status_code == 400
    ours = a_segment(in_korea)
    form = {"name": "x", "segment": str(ours.pk)}
    assert owner.post(f"/links/?site={SITE}", form).status_code == 302
    assert SharedLink.objects.get().segment == ours


def test_a_password_is_kept_as_a_slow_hash_only(owner: Client) -> None:
    owner.post(f"/links/?site={SITE}", {"name": "x", "password": "open sesame 7"})
    link = SharedLink.objects.get()
    assert "sesame" not in link.password_hash
    assert "$" in link.password_hash


@pytest.mark.parametrize("text", ["", "x", "-1", "9" * 30, "²"])
def test_nonsense_revokes_nothing(owner: Client, text: str) -> None:
    link = a_link()
    assert owner.post("/links/revoke/", {"link": text}).status_code == 302
    assert open_link(link).status == 200
