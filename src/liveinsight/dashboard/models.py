"""What the owner configures: sites, keys, and the names of this installation.

Accounts are Django's users. All times are ms since 1970 UTC.
"""

from __future__ import annotations

from django.db import models

from liveinsight.core import limits


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
