"""The template as CloudFormation would see it under given parameters."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import yaml

from liveinsight.aws.outline import read_template

Json = dict[str, Any]

REQUIRED: Final = {"ArtifactBucket": "artifacts", "ArtifactKey": "functions.zip"}
"""The parameters that have no default."""
PSEUDO: Final = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "ap-northeast-2",
    "AWS::StackName": "liveinsight",
    "AWS::URLSuffix": "amazonaws.com",
}
_NOTHING: Final = "AWS::NoValue"
_HOLE: Final = re.compile(r"\$\{([\w.:]+)\}")


class _Loader(yaml.SafeLoader):
    """Reads `!Ref x` as {"Ref": x} and every other `!Name x` as {"Fn::Name": x}."""


def _intrinsic(loader: _Loader, tag: str, node: yaml.Node) -> Json:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        raise TypeError(f"!{tag} of a mapping")
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".")
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def read_yaml(text: str) -> Json:
    """A template as a parser reads it."""
    template: Json = yaml.load(text, _Loader)  # noqa: S506 a SafeLoader
    return template


@cache
def _read() -> Json:
    return read_yaml(read_template())


class Deployed:
    """The template with its parameters, conditions and references worked out.

    A reference to a resource becomes `<Name>`, to its attribute `<Name.Attribute>`.
    """

    def __init__(self, parameters: Mapping[str, str] | None = None) -> None:
        template = _read()
        defaults = {
            name: str(parameter["Default"])
            for name, parameter in template["Parameters"].items()
            if "Default" in parameter
        }
        self.parameters = PSEUDO | defaults | REQUIRED | dict(parameters or {})
        self._conditions: Json = template["Conditions"]
        self.resources: dict[str, Json] = self._present(template["Resources"])
        self.outputs: dict[str, Json] = self._present(template["Outputs"])

    def of_type(self, kind: str) -> dict[str, Json]:
        """The properties of all resources of a type, as in `S3::Bucket`."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == f"AWS::{kind}"
        }

    def properties(self, name: str) -> Json:
        """The properties of one resource."""
        properties: Json = self.resources[name]["Properties"]
        return properties

    def _present(self, entries: Json) -> Json:
        return {
            name: self._worked_out(entry)
            for name, entry in entries.items()
            if "Condition" not in entry or self._holds(entry["Condition"])
        }

    def _holds(self, condition: str) -> bool:
        return bool(self._worked_out(self._conditions[condition]))

    def _worked_out(self, value: Any) -> Any:
        if isinstance(value, list):
            items = [self._worked_out(item) for item in value]
            return [item for item in items if item != _NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._functions[name](argument)
            if name == "Condition" and isinstance(argument, str):
                return self._holds(argument)
        pairs = {name: self._worked_out(item) for name, item in value.items()}
        return {name: item for name, item in pairs.items() if item != _NOTHING}

    def _ref(self, name: str) -> str:
        return name if name == _NOTHING else self.parameters.get(name, f"<{name}>")

    def _if(self, argument: list[Any]) -> Any:
        condition, yes, no = argument
        return self._worked_out(yes if self._holds(condition) else no)

    def _equals(self, argument: list[Any]) -> bool:
        first, second = map(self._worked_out, argument)
        return str(first) == str(second)

    @property
    def _functions(self) -> dict[str, Callable[[Any], Any]]:
        return {
            "Ref": self._ref,
            "Fn::If": self._if,
            "Fn::Equals": self._equals,
            "Fn::Not": lambda some: not self._worked_out(some[0]),
            "Fn::And": lambda some: all(map(self._worked_out, some)),
            "Fn::GetAtt": lambda path: f"<{'.'.join(path)}>",
            "Fn::Sub": lambda text: _HOLE.sub(lambda hole: self._ref(hole[1]), text),
        }
