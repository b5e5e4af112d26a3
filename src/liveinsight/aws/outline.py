"""What the template says about itself, read off its text; and its final form.

The package brings no YAML parser. The template is its own, written in one form (a
section begins at the margin, its entries two blanks in), and a test compares this
reading with that of a real parser.
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

SECTION: Final = re.compile(r"^([A-Za-z]+):", re.MULTILINE)
ENTRY: Final = re.compile(r"^  ([A-Za-z0-9]+):", re.MULTILINE)
TYPE: Final = re.compile(r"^    Type: (\S+)", re.MULTILINE)
DEFAULT: Final = re.compile(r"^    Default: (.*)$", re.MULTILINE)
COMMENT: Final = re.compile(r"(^|\s)#.*$", re.MULTILINE)
TABLE_NAME: Final = re.compile(r"^(      TableName: )!Ref (\w+)$", re.MULTILINE)
ARCHIVE_NAME: Final = re.compile(
    r"^(      BucketName: )!If\n(?: {8}.*\n)+", re.MULTILINE
)


def read_template() -> str:
    """The package's template, as it is written."""
    return files("liveinsight.aws").joinpath("template.yaml").read_text("utf-8")


def entries_of(template: str, section: str) -> dict[str, str]:
    """The entries of a section, as in Resources, with their text but no comments."""
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


def defaults_of(template: str) -> dict[str, str | None]:
    """Each parameter with its default; None where it must be given."""
    return {
        name: found.group(1).strip().strip('"') if found else None
        for name, text in entries_of(template, "Parameters").items()
        for found in (DEFAULT.search(text),)
    }


def render_template(
    template: str, parameters: Mapping[str, str], archive_bucket: str
) -> str:
    """The template as it is deployed.

    The deployment of the API has the hash of the definition in its name: it freezes
    the definition as it is when it is made, and never changes, so that only a new one
    brings a changed method to the stage. Names of what is adopted where it exists
    are written out: CloudFormation looks only for names that it need not reckon.
    """
    named = TABLE_NAME.sub(
        lambda found: found.group(1) + parameters[found.group(2)], template
    )
    named = ARCHIVE_NAME.sub(rf"\g<1>{archive_bucket}\n", named)
    name = DEPLOYMENT.rstrip("0") + hash_of_api(template, parameters)
    return named.replace(DEPLOYMENT, name)


def hash_of_api(template: str, parameters: Mapping[str, str]) -> str:
    """Ten digits that change with the API's definition and what it refers to."""
    api = "".join(
        text
        for text in entries_of(template, "Resources").values()
        if (kind := TYPE.search(text)) and kind.group(1) in API_TYPES
    )
    conditions = "".join(
        text
        for name, text in entries_of(template, "Conditions").items()
        if re.search(rf"\b{name}\b", api)
    )
    definition = re.sub(r"\s+", " ", api + conditions)
    used = {
        name: value
        for name, value in sorted(parameters.items())
        if re.search(rf"\b{name}\b", definition)
    }
    return hashlib.sha256(f"{definition}{used}".encode()).hexdigest()[:10]
