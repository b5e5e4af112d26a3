"""What a template says about itself, read off its text.

The package brings no YAML parser; the template is its own, written in one form
(a section begins at the margin, its entries two blanks in), and a test compares
this reading with that of a real parser.
"""

import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

DEPLOYMENT: Final = "ApiDeployment0000000000"
"""What puts the API's definition into effect; the digits give way to its hash."""

API_TYPES: Final = frozenset(
    {
        "AWS::ApiGateway::RestApi",
        "AWS::ApiGateway::Resource",
        "AWS::ApiGateway::Method",
        "AWS::ApiGateway::GatewayResponse",
        "AWS::ApiGateway::Model",
        "AWS::ApiGateway::RequestValidator",
        "AWS::ApiGateway::Authorizer",
        "AWS::ApiGateway::Deployment",
    }
)
"""What a deployment freezes; stages, keys and usage plans act at once."""

ENTRY: Final = re.compile(r"^  ([A-Za-z0-9]+):", re.MULTILINE)
SECTION: Final = re.compile(r"^([A-Za-z]+):", re.MULTILINE)
TYPE: Final = re.compile(r"^    Type: (\S+)", re.MULTILINE)
COMMENT: Final = re.compile(r"(^|\s)#.*$", re.MULTILINE)


def read_template() -> str:
    """The package's template, as it is written."""
    return files("liveinsight.aws").joinpath("template.yaml").read_text("utf-8")


def entries_of(template: str, section: str) -> dict[str, str]:
    """The entries of a section, as in `Resources`, with their text, comments left out."""
    parts = split(template, SECTION)
    return split(COMMENT.sub(r"\1", parts.get(section, "")), ENTRY)


def split(text: str, head: re.Pattern[str]) -> dict[str, str]:
    """The text of each head, up to the next."""
    found = list(head.finditer(text))
    ends = [one.start() for one in found[1:]] + [len(text)]
    return {
        one.group(1): text[one.start() : end]
        for one, end in zip(found, ends, strict=True)
    }


def render_template(template: str, parameters: Mapping[str, str]) -> str:
    """The template with the hash of its API definition in the deployment's name.

    A deployment of an API freezes the definition as it is then, and never changes;
    only one with a new name brings a changed method, or a parameter that it uses,
    to the stage.
    """
    resources = entries_of(template, "Resources")
    api = [
        text
        for text in resources.values()
        if (kind := TYPE.search(text)) and kind.group(1) in API_TYPES
    ]
    definition = re.sub(r"\s+", " ", "\n".join(api))
    conditions = "".join(
        text
        for name, text in entries_of(template, "Conditions").items()
        if re.search(rf"\b{name}\b", definition)
    )
    digest = hashlib.sha256((definition + conditions).encode())
    for name in sorted(entries_of(template, "Parameters")):
        if name in parameters and re.search(rf"\b{name}\b", definition + conditions):
            digest.update(f"\n{name}={parameters[name]}".encode())
    name = DEPLOYMENT.rstrip("0") + digest.hexdigest()[:10]
    return template.replace(DEPLOYMENT, name)
