"""What an owner chooses, as parameters of the template."""

import pytest

from liveinsight.aws.outline import read_template
from liveinsight.aws.settings import effective_parameters, sites_parameter
from liveinsight.aws.stack import Stack
from liveinsight.errors import ConfigError


@pytest.mark.parametrize(
    ("domains", "origins", "parameter"),
    [
        ([], [], ""),
        (["www.Shop.example", "shop.example:443"], [], '[{"id":"shop.example"}]'),
        (
            ["shop.example"],
            ["https://www.shop.example/", "https://partner.example"],
            '[{"id":"shop.example","allowed_origins":'
            '["https://www.shop.example","https://partner.example"]}]',
        ),
        (
            ["shop.example", "blog.shop.example"],
            ["https://a.blog.shop.example", "https://shop.example"],
            '[{"id":"shop.example","allowed_origins":["https://shop.example"]},'
            '{"id":"blog.shop.example","allowed_origins":["https://a.blog.shop.example"]}]',
        ),
    ],
    ids=["none", "one site twice", "any origin of the only site", "closest parent"],
)
def test_sites_and_origins_become_what_the_functions_read(
    domains: list[str], origins: list[str], parameter: str
) -> None:
    assert sites_parameter(domains, origins) == parameter


@pytest.mark.parametrize(
    ("domains", "origins", "said"),
    [
        ([""], [], "no domain"),
        (["shop.example"], ["shop.example"], "is none"),
        (["shop.example"], ["https://shop.example/path"], "is none"),
        (["a.example", "b.example"], ["https://c.example"], "belongs to no --site"),
        ([f"site-{number}.example" for number in range(200)], [], "have room for"),
    ],
    ids=["empty", "no scheme", "path", "nobody's", "too many"],
)
def test_what_cannot_be_a_site_or_an_origin_is_refused(
    domains: list[str], origins: list[str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        sites_parameter(domains, origins)


def test_what_is_not_chosen_stays_as_it_is_or_is_the_default() -> None:
    stack = Stack(
        name="liveinsight",
        id="arn",
        status="UPDATE_COMPLETE",
        reason="",
        changed_at=0,
        parameters={"LogDays": "30", "XRay": "true", "GoneSince": "1"},
        outputs={},
    )
    found = effective_parameters(read_template(), stack, {"XRay": "false"})
    assert (found["LogDays"], found["XRay"], found["StageName"]) == (
        "30",
        "false",
        "prod",
    )
    assert "GoneSince" not in found
    assert "ArtifactKey" not in found


def test_what_deploying_fills_in_itself_cannot_be_set() -> None:
    with pytest.raises(ConfigError, match="ArtifactKey"):
        effective_parameters(read_template(), None, {"ArtifactKey": "mine"})


def test_sites_that_the_functions_could_not_read_are_refused() -> None:
    for text in ("shop.example", '[{"domain": "shop.example"}]'):
        with pytest.raises(ConfigError, match="--site"):
            effective_parameters(read_template(), None, {"Sites": text})
