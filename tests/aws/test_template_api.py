"""What the template says of the API."""

import re
from typing import Any

import pytest

from liveinsight.aws.outline import hash_of_api, read_template
from liveinsight.collect.http import ANY_ORIGIN
from tests.aws.template import REQUIRED, Deployed

KEYED = {"RequireApiKey": "true"}


def methods(deployed: Deployed) -> dict[str, dict[str, Any]]:
    return {
        method["HttpMethod"]: method
        for method in deployed.of_type("ApiGateway::Method").values()
    }


def responses() -> dict[str, dict[str, Any]]:
    return {
        response["ResponseType"]: response
        for response in Deployed().of_type("ApiGateway::GatewayResponse").values()
    }


def headers(response: dict[str, Any]) -> dict[str, str]:
    prefix = "gatewayresponse.header."
    return {
        name.removeprefix(prefix): value.strip("'")
        for name, value in response["ResponseParameters"].items()
    }


def test_post_and_options_on_events_reach_the_collector_and_others_are_told_405() -> (
    None
):
    deployed = Deployed()
    assert deployed.properties("EventsResource")["PathPart"] == "events"
    assert set(methods(deployed)) == {"POST", "OPTIONS", "ANY"}
    for method in methods(deployed).values():
        assert method["ResourceId"] == "<EventsResource>"
        assert method["AuthorizationType"] == "NONE"
        assert method["Integration"]["Type"] == "AWS_PROXY"
        assert "<Collector.Arn>" in method["Integration"]["Uri"]


def test_bodies_reach_the_collector_as_they_were_sent() -> None:
    assert Deployed().properties("Api")["BinaryMediaTypes"] == ["*/*"]


def test_only_this_api_may_call_the_collector() -> None:
    (permission,) = Deployed().of_type("Lambda::Permission").values()
    assert permission["Principal"] == "apigateway.amazonaws.com"
    assert permission["SourceArn"].endswith(":123456789012:<Api>/prod/*/events")


def test_requests_are_throttled() -> None:
    chosen = {"ThrottleRate": "7", "ThrottleBurst": "9"}
    (settings,) = Deployed(chosen).properties("Stage")["MethodSettings"]
    assert (settings["HttpMethod"], settings["ResourcePath"]) == ("*", "/*")
    assert settings["ThrottlingRateLimit"] == "7"
    assert settings["ThrottlingBurstLimit"] == "9"
    assert settings["DataTraceEnabled"] is False


def test_a_key_is_asked_of_posts_alone_and_only_when_it_is_wished_for() -> None:
    assert not any(method["ApiKeyRequired"] for method in methods(Deployed()).values())
    assert not Deployed().of_type("ApiGateway::UsagePlan")
    keyed = Deployed(KEYED)
    asked = {
        name for name, method in methods(keyed).items() if method["ApiKeyRequired"]
    }
    assert asked == {"POST"}
    (plan,) = keyed.of_type("ApiGateway::UsagePlan").values()
    assert plan["ApiStages"] == [{"ApiId": "<Api>", "Stage": "<Stage>"}]
    (link,) = keyed.of_type("ApiGateway::UsagePlanKey").values()
    assert (link["KeyId"], link["UsagePlanId"]) == ("<ApiKey>", "<UsagePlan>")


@pytest.mark.parametrize("kind", responses())
def test_what_the_gateway_says_itself_carries_the_collectors_cors(kind: str) -> None:
    said = headers(responses()[kind])
    assert dict(ANY_ORIGIN).items() <= said.items()


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("INVALID_API_KEY", "403"),
        ("MISSING_AUTHENTICATION_TOKEN", "404"),
        ("REQUEST_TOO_LARGE", "413"),
        ("THROTTLED", "429"),
        ("QUOTA_EXCEEDED", "429"),
        ("INTEGRATION_FAILURE", "503"),
        ("INTEGRATION_TIMEOUT", "503"),
    ],
)
def test_the_gateways_statuses_are_those_of_the_wire_format(
    kind: str, status: str
) -> None:
    assert responses()[kind]["StatusCode"] == status


def test_all_other_refusals_of_the_gateway_keep_their_status() -> None:
    for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
        assert "StatusCode" not in responses()[kind]


def test_who_is_to_come_back_is_told_when() -> None:
    for kind, response in responses().items():
        status = response.get("StatusCode", kind[-3:].replace("X", "0"))
        is_for_later = status in {"429", "500", "503"}
        assert ("Retry-After" in headers(response)) == is_for_later, kind


@pytest.mark.parametrize("kind", responses())
def test_what_the_gateway_says_is_json_with_an_error(kind: str) -> None:
    (template,) = responses()[kind]["ResponseTemplates"].values()
    quoted = r'\{"error": ("[^"$]+"|\$context\.error\.messageString)\}'
    assert re.fullmatch(quoted, template)


def test_a_deployment_waits_for_all_that_it_is_a_picture_of() -> None:
    deployed = Deployed()
    (deployment,) = (
        resource
        for resource in deployed.resources.values()
        if resource["Type"] == "AWS::ApiGateway::Deployment"
    )
    parts = {
        *deployed.of_type("ApiGateway::Method"),
        *deployed.of_type("ApiGateway::GatewayResponse"),
    }
    assert set(deployment["DependsOn"]) == parts


def test_a_changed_method_makes_a_new_deployment() -> None:
    template = read_template()
    first = hash_of_api(template, REQUIRED)
    assert hash_of_api(template, REQUIRED) == first
    for old, new in (("HttpMethod: ANY", "HttpMethod: PUT"), ('"413"', '"400"')):
        assert hash_of_api(template.replace(old, new), REQUIRED) != first
    assert hash_of_api(template, REQUIRED | KEYED) != first


def test_what_is_no_part_of_the_api_makes_no_new_deployment() -> None:
    template = read_template()
    first = hash_of_api(template, REQUIRED)
    larger = template.replace("MemorySize: 512", "MemorySize: 1024")
    assert hash_of_api(larger, REQUIRED) == first
    assert hash_of_api(template, REQUIRED | {"ThrottleRate": "9"}) == first


def test_the_address_of_the_api_is_an_output() -> None:
    outputs = Deployed().outputs
    assert outputs["ApiUrl"]["Value"] == (
        "https://<Api>.execute-api.ap-northeast-2.amazonaws.com/prod/events"
    )
    assert "ApiKeyId" not in outputs
    assert Deployed(KEYED).outputs["ApiKeyId"]["Value"] == "<ApiKey>"
