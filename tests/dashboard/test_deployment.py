"""What Django itself says of the settings, and what two processes do at once."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connections
from django.utils import timezone

from liveinsight.dashboard.accounts import (
    forget_old_sessions,
    make_first_account,
    setup_link,
)
from liveinsight.dashboard.keys import add_key, list_keys
from tests.dashboard.project import PASSWORD, SECRET
from tests.waiting import PATIENCE_S

CHECK = """
from pathlib import Path
from liveinsight.dashboard.configuration import Configuration, configure
configure(Configuration(secret_key="{secret}", database=Path("{database}"), https=True))
from django.core.management import call_command
call_command("check", deploy=True, fail_level="WARNING")
call_command("makemigrations", check=True, dry_run=True, verbosity=0)
"""


def test_the_settings_pass_djangos_check_for_deployment(tmp_path: Path) -> None:
    """In a process of its own: Django is configured once."""
    program = CHECK.format(secret=SECRET, database=tmp_path / "app.sqlite3")
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_writers_wait_for_each_other() -> None:
    def add(number: int) -> str:
        try:
            return add_key(f"key {number}")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(add, range(40)))) == 40
    assert len(list_keys()) == 40


def test_of_two_who_use_the_setup_link_at_once_one_gets_the_account() -> None:
    link = setup_link("http://localhost")
    assert link is not None
    token = link.strip("/").rpartition("/")[2]

    def make(number: int) -> bool:
        try:
            return make_first_account(token, f"admin{number}", PASSWORD) is not None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(make, range(4))) == [False, False, False, True]
    assert User.objects.count() == 1


def test_ended_sessions_are_forgotten() -> None:
    now = timezone.now()
    for name, days in (("old", -1), ("new", 1)):
        Session.objects.create(
            session_key=name, session_data="", expire_date=now + timedelta(days=days)
        )
    forget_old_sessions()
    assert [each.session_key for each in Session.objects.all()] == ["new"]
