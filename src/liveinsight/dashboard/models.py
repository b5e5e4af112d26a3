"""What the owner configures: sites, keys, goals, links, alerts, this installation.

Accounts are Django's users. All times are ms since 1970 UTC.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from liveinsight.core import limits
from liveinsight.errors import fill


class Site(models.Model):
    """A tracked property."""

    domain: models.CharField[str, str] = models.CharField(
        primary_key=True, max_length=limits.SITE_CHARS
    )
    """Its id: lower case, without `www.` and port."""
    name: models.CharField[str, str] = models.CharField(
        max_length=100, blank=True, default=""
    )
    timezone: models.CharField[str, str] = models.CharField(
        max_length=limits.TIMEZONE_CHARS, default="UTC"
    )
    """It cuts the site's days and hours."""
    allowed_origins = models.JSONField(default=list, blank=True)
    """Where events may come from; empty: from anywhere."""
    excluded_addresses = models.JSONField(default=list, blank=True)
    """Addresses or networks whose events are dropped."""
    keep_addresses: models.BooleanField[bool, bool] = models.BooleanField(default=False)
    created_at: models.BigIntegerField[int, int] = models.BigIntegerField()

    class Meta:
        ordering = ("domain",)

    def __str__(self) -> str:
        return self.domain


class ApiKey(models.Model):
    """A key that reads the API; the key itself is shown once and never stored."""

    name: models.CharField[str, str] = models.CharField(max_length=100)
    prefix: models.CharField[str, str] = models.CharField(max_length=16, db_index=True)
    """The first characters, by which its owner knows it again."""
    sha256: models.CharField[str, str] = models.CharField(max_length=64, unique=True)
    site: models.CharField[str, str] = models.CharField(
        max_length=limits.SITE_CHARS, blank=True, default=""
    )
    """The one site that it reads; "" is all."""
    created_at: models.BigIntegerField[int, int] = models.BigIntegerField()
    last_used_at: models.BigIntegerField[int | None, int | None] = (
        models.BigIntegerField(null=True, blank=True)
    )
    """To the minute."""
    revoked_at: models.BigIntegerField[int | None, int | None] = models.BigIntegerField(
        null=True, blank=True
    )

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("name",),
                condition=models.Q(revoked_at__isnull=True),
                name="one_key_in_force_per_name",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class Installation(models.Model):
    """The single row about this installation itself."""

    script_name: models.CharField[str, str] = models.CharField(max_length=63)
    """The tracker's neutral name, without `.js`: blocklists know `liveinsight`."""
    collector_path: models.CharField[str, str] = models.CharField(max_length=63)
    """The collector's neutral path, without slashes."""
    setup_sha256: models.CharField[str, str] = models.CharField(
        max_length=64, blank=True, default=""
    )
    """Of the one-time token that creates the first account; "" is none."""

    def __str__(self) -> str:
        return f"{self.script_name}.js → /{self.collector_path}"


class Goal(models.Model):
    """A saved condition; who meets it converts. Evaluated when asked."""

    site: models.CharField[str, str] = models.CharField(
        max_length=limits.SITE_CHARS, db_index=True
    )
    name: models.CharField[str, str] = models.CharField(max_length=100)
    definition: models.JSONField[object, object] = models.JSONField()
    created_at: models.BigIntegerField[int, int] = models.BigIntegerField()

    class Meta:
        ordering = ("site", "name")
        constraints = (
            models.UniqueConstraint(
                fields=("site", "name"), name="one_goal_per_name_of_a_site"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Funnel(models.Model):
    """A saved row of steps."""

    site: models.CharField[str, str] = models.CharField(
        max_length=limits.SITE_CHARS, db_index=True
    )
    name: models.CharField[str, str] = models.CharField(max_length=100)
    definition: models.JSONField[object, object] = models.JSONField()
    created_at: models.BigIntegerField[int, int] = models.BigIntegerField()

    class Meta:
        ordering = ("site", "name")
        constraints = (
            models.UniqueConstraint(
                fields=("site", "name"), name="one_funnel_per_name_of_a_site"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Segment(models.Model):
    """Saved filters."""

    site: models.CharField[str, str] = models.CharField(
        max_length=limits.SITE_CHARS, blank=True, default="", db_index=True
    )
    """ "" is for every site."""
    name: models.CharField[str, str] = models.CharField(max_length=100)
    filters: models.JSONField[object, object] = models.JSONField()
    """A list, each in the form of query.where; all of them hold."""
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE
    )
    """Whose it is; null: shared with all accounts."""
    created_at: models.BigIntegerField[int, int] = models.BigIntegerField()

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class Annotation(models.Model):
    """What happened on a day, for the charts."""

    site: models.CharField[str, str] = models.CharField(
        max_length=limits.SITE_CHARS, db_index=True
    )
    day: models.CharField[str, str] = models.CharField(max_length=10)
    """ISO date in the site's time zone."""
    text: models.CharField[str, str] = models.CharField(max_length=200)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at: models.BigIntegerField[int, int] = models.BigIntegerField()

    class Meta:
        ordering = ("day", "id")

    def __str__(self) -> str:
        return f"{self.day} {self.text}"


class SharedLink(models.Model):
    """A link that reads one site, or one segment of it, without an account."""

    site: models.CharField[str, str] = models.CharField(max_length=limits.SITE_CHARS)
    name: models.CharField[str, str] = models.CharField(max_length=100)
    slug: models.CharField[str, str] = models.CharField(max_length=64, unique=True)
    segment = models.ForeignKey(
        Segment, null=True, blank=True, on_delete=models.PROTECT
    )
    """Its filters cannot be taken off; null: the whole site."""
    password_hash: models.CharField[str, str] = models.CharField(
        max_length=128, blank=True, default=""
    )
    is_embeddable: models.BooleanField[bool, bool] = models.BooleanField(default=False)
    created_at: models.BigIntegerField[int, int] = models.BigIntegerField()
    expires_at: models.BigIntegerField[int | None, int | None] = models.BigIntegerField(
        null=True, blank=True
    )
    revoked_at: models.BigIntegerField[int | None, int | None] = models.BigIntegerField(
        null=True, blank=True
    )
    last_used_at: models.BigIntegerField[int | None, int | None] = (
        models.BigIntegerField(null=True, blank=True)
    )

    class Meta:
        ordering = ("site", "name", "id")

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """What to watch, and whom to tell."""

    site: models.CharField[str, str] = models.CharField(max_length=limits.SITE_CHARS)
    name: models.CharField[str, str] = models.CharField(max_length=100)
    kind: models.CharField[str, str] = models.CharField(max_length=32)
    definition: models.JSONField[object, object] = models.JSONField()
    emails = models.JSONField(default=list, blank=True)
    webhook_url: models.CharField[str, str] = models.CharField(
        max_length=limits.URL_CHARS, blank=True, default=""
    )
    secret: models.CharField[str, str] = models.CharField(
        max_length=64, blank=True, default=""
    )
    """Signs what the webhook gets."""
    is_on: models.BooleanField[bool, bool] = models.BooleanField(default=True)
    state: models.JSONField[object, object] = models.JSONField(default=dict)
    created_at: models.BigIntegerField[int, int] = models.BigIntegerField()

    class Meta:
        ordering = ("site", "name", "id")

    def __str__(self) -> str:
        return self.name


class AlertMessage(models.Model):
    """A time that an alert told somebody."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE)
    kind: models.CharField[str, str] = models.CharField(max_length=16, default="began")
    """`began`, `ended` or `test`."""
    at: models.BigIntegerField[int, int] = models.BigIntegerField(db_index=True)
    text: models.CharField[str, str] = models.CharField(max_length=500)
    """As it goes out."""
    news: models.JSONField[object, object] = models.JSONField(default=dict)
    """What it tells, to be said in other languages; empty in old messages."""
    delivered: models.JSONField[object, object] = models.JSONField(default=list)
    """What became of each way of telling it."""

    class Meta:
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return self.text


class AuditLine(models.Model):
    """Something that somebody did and that cannot be undone."""

    at: models.BigIntegerField[int, int] = models.BigIntegerField(db_index=True)
    account: models.CharField[str, str] = models.CharField(max_length=150)
    """The name, which outlives the account; "command line" for the owner's shell."""
    action: models.CharField[str, str] = models.CharField(max_length=32)
    subject: models.CharField[str, str] = models.CharField(max_length=300)
    """In English, with `%(name)s` in the place of each of `values`."""
    values = models.JSONField(default=dict)

    class Meta:
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return f"{self.action} {fill(self.subject, self.values)}"


class ImportedTotal(models.Model):
    """What another tool counted on a day under one value; beside the events."""

    site: models.CharField[str, str] = models.CharField(max_length=limits.SITE_CHARS)
    tool: models.CharField[str, str] = models.CharField(max_length=32)
    day: models.CharField[str, str] = models.CharField(max_length=10)
    """ISO date, in the time zone that the site had there."""
    dimension: models.CharField[str, str] = models.CharField(max_length=32, blank=True)
    """ "" is the whole day."""
    value: models.CharField[str, str] = models.CharField(max_length=512, blank=True)
    detail: models.CharField[str, str] = models.CharField(max_length=32, blank=True)
    """Tells rows of the same value apart, as those of a browser's versions."""
    visitors: models.BigIntegerField[int, int] = models.BigIntegerField(default=0)
    visits: models.BigIntegerField[int, int] = models.BigIntegerField(default=0)
    page_views: models.BigIntegerField[int, int] = models.BigIntegerField(default=0)
    bounces: models.BigIntegerField[int, int] = models.BigIntegerField(default=0)
    duration_s: models.BigIntegerField[int, int] = models.BigIntegerField(default=0)
    """Of all visits together, seconds."""
    events: models.BigIntegerField[int, int] = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("site", "dimension", "day", "tool", "value", "detail"),
                name="one_imported_total_per_row",
            ),
        )

    def __str__(self) -> str:
        return f"{self.site} {self.day} {self.dimension} {self.value}"
