"""The template's outline, read off its text, and its final form."""

import re

import yaml

from liveinsight.aws.outline import (
    API_TYPES,
    TYPE,
    defaults_of,
    entries_of,
    read_template,
    render_template,
)
from tests.aws.template import REQUIRED, Deployed, read_yaml

DEFAULTS = {name: value or "" for name, value in defaults_of(read_template()).items()}


def deployment_of(template: str) -> str:
    (found,) = set(re.findall(r"ApiDeployment[0-9a-f]{10}", template))
    return str(found)


def test_the_text_is_read_as_a_yaml_parser_reads_it() -> None:
    parsed = read_yaml(read_template())
    for section in ("Parameters", "Conditions", "Resources", "Outputs"):
        assert list(entries_of(read_template(), section)) == list(parsed[section])
    kinds = {
        name: found.group(1) if (found := TYPE.search(text)) else None
        for name, text in entries_of(read_template(), "Resources").items()
    }
    assert kinds == {name: one["Type"] for name, one in parsed["Resources"].items()}
    assert defaults_of(read_template()) == {
        name: str(one["Default"]) if "Default" in one else None
        for name, one in parsed["Parameters"].items()
    }


def test_what_is_deployed_names_tables_and_archive_and_is_else_the_template() -> None:
    rendered = read_yaml(render_template(read_template(), DEFAULTS, "an-archive"))
    raw = read_yaml(read_template())
    names = {
        name: resource["Properties"].pop("TableName")
        for name, resource in rendered["Resources"].items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }
    assert names == {
        "Events": "LiveInsight-Events",
        "Sessions": "LiveInsight-Sessions",
        "ActiveSessions": "LiveInsight-ActiveSessions",
    }
    assert rendered["Resources"]["Archive"]["Properties"].pop("BucketName") == (
        "an-archive"
    )
    for name in names:
        raw["Resources"][name]["Properties"].pop("TableName")
    raw["Resources"]["Archive"]["Properties"].pop("BucketName")
    deployment = deployment_of(yaml.safe_dump(rendered))
    as_raw = yaml.safe_dump(rendered).replace(deployment, "ApiDeployment0000000000")
    assert yaml.safe_load(as_raw) == yaml.safe_load(yaml.safe_dump(raw))


def test_a_changed_method_or_a_setting_of_one_makes_a_new_deployment() -> None:
    def deployed(template: str = read_template(), **settings: str) -> str:
        return deployment_of(render_template(template, DEFAULTS | settings, "archive"))

    as_it_is = deployed()
    assert deployed() == as_it_is
    assert deployed(LogDays="30", ThrottleRate="1") == as_it_is
    assert deployed(RequireApiKey="true") != as_it_is
    changed = read_template().replace("HttpMethod: OPTIONS", "HttpMethod: HEAD")
    assert changed != read_template()
    assert deployed(changed) != as_it_is
    commented = read_template().replace(
        "\n  PostMethod:\n", "\n  # why\n  PostMethod:\n"
    )
    assert commented != read_template()
    assert deployed(commented) == as_it_is


def test_every_part_of_the_api_but_what_acts_at_once_is_in_the_hash() -> None:
    at_once = {"Stage", "ApiKey", "UsagePlan", "UsagePlanKey"}
    kinds = {one["Type"] for one in Deployed(REQUIRED).resources.values()}
    gateway = {kind for kind in kinds if kind.startswith("AWS::ApiGateway::")}
    acting = {f"AWS::ApiGateway::{kind}" for kind in at_once}
    assert gateway - acting <= API_TYPES
