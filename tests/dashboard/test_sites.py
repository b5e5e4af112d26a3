"""The sites of the command line and the door."""

import pytest

from liveinsight.core.site import Site
from liveinsight.dashboard import models
from liveinsight.dashboard.installation import find_installation
from liveinsight.dashboard.sites import add_site, list_sites, load_sites, remove_site
from liveinsight.errors import ConfigError


def test_a_site_is_known_by_its_plain_domain() -> None:
    assert add_site("WWW.Shop.example", "Asia/Seoul") == "shop.example"
    assert list_sites() == [Site(id="shop.example", timezone="Asia/Seoul")]


def test_the_door_is_given_all_wishes_of_a_site() -> None:
    add_site("shop.example")
    models.Site.objects.update(
        allowed_origins=["https://shop.example"],
        excluded_addresses=["192.0.2.0/24"],
        keep_addresses=True,
    )
    site = load_sites().get("shop.example")
    assert site.allows("https://shop.example")
    assert not site.allows("https://evil.example")
    assert site.excludes("192.0.2.7")
    assert site.keep_addresses


def test_a_removed_site_is_gone() -> None:
    add_site("shop.example")
    remove_site("shop.example")
    assert not load_sites().configured


@pytest.mark.parametrize(
    ("domain", "timezone"),
    [
        pytest.param("", "UTC", id="nothing"),
        pytest.param("not a host", "UTC", id="no host"),
        pytest.param("new.example", "Mars/Olympus", id="no time zone"),
        pytest.param("new.example", "../../etc/passwd", id="a path"),
        pytest.param("new.example", "", id="empty time zone"),
        pytest.param("shop.example", "UTC", id="there already"),
    ],
)
def test_a_site_that_does_not_do_is_refused(domain: str, timezone: str) -> None:
    add_site("shop.example")
    with pytest.raises(ConfigError):
        add_site(domain, timezone)
    assert len(list_sites()) == 1


def test_a_site_that_is_not_there_cannot_be_removed() -> None:
    with pytest.raises(ConfigError):
        remove_site("nowhere.example")


def test_an_installation_keeps_its_neutral_names() -> None:
    first, second = find_installation(), find_installation()
    assert first.script_name == second.script_name != first.collector_path
    assert len(first.script_name) == 8
    assert not set("aeiou") & set(first.script_name + first.collector_path)
