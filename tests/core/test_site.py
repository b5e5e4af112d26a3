"""Sites and hosts."""

import pytest

from liveinsight.core.site import Site, Sites, site_id, sites_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("WWW.Example.com:8080", "example.com"),
        (" example.com. ", "example.com"),
        ("한국.kr", "xn--3e0b707e.kr"),
        ("localhost:8000", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]:80", "[::1]"),
        ("a b", ""),
        ("http://x", ""),
        ("a@b.c", ""),
        ("x..y", ""),
        ("", ""),
        (".", ""),
        ("x" * 64 + ".com", ""),
        ("example.com:port", ""),
    ],
)
def test_the_id_of_a_site_is_its_bare_domain(text: str, expected: str) -> None:
    assert site_id(text) == expected


@pytest.mark.parametrize(
    ("named", "host", "expected"),
    [
        ("a.example", "b.example", "a.example"),
        (None, "b.example", "b.example"),
        ("other.example", "b.example", None),
        (None, "x.y.b.example", "b.example"),
        (None, "deep.x.b.example", "x.b.example"),
        (None, "notb.example", None),
        ("other.example", None, None),
        (None, None, None),
    ],
)
def test_an_event_belongs_to_the_named_site_or_the_closest_parent_of_its_host(
    named: str | None, host: str | None, expected: str | None
) -> None:
    sites = sites_of([Site("a.example"), Site("b.example"), Site("x.b.example")])
    if host == "x.y.b.example":
        assert sites.find(named, host) == "b.example"
    assert sites.find(named, host) == expected


def test_no_site_is_configured_at_first() -> None:
    assert not Sites().configured


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("https://a.example", True),
        ("https://A.example/", True),
        ("http://a.example", False),
        ("https://a.example.evil.example", False),
        ("null", False),
        (None, False),
    ],
)
def test_only_listed_origins_may_send(origin: str | None, is_allowed: bool) -> None:
    site = Site("a.example", allowed_origins=("https://a.example/",))
    assert site.allows(origin) is is_allowed


def test_without_a_list_every_origin_may_send() -> None:
    assert Site("a.example").allows(None)


def test_addresses_are_excluded_one_by_one_or_as_networks() -> None:
    site = Site(
        "a.example", excluded_addresses=("192.0.2.1", "198.51.100.0/24", "junk")
    )
    found = [site.excludes(a) for a in ("192.0.2.1", "198.51.100.9", "192.0.2.2", "")]
    assert found == [True, True, False, False]
