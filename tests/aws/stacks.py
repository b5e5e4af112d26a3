"""The template in an account of MiniStack, with any code for its functions."""

import io
import zipfile
from collections.abc import Mapping
from typing import Final

from liveinsight.aws.outline import read_template
from tests.aws.ministack import MiniStack
from tests.aws.packages import HOST
from tests.aws.template import REQUIRED
from tests.waiting import wait_until

EMULATED: Final = {
    "Alarms": "false",  # MiniStack has no alarms on more than one metric
    "Runtime": HOST.runtime,
    "Architecture": HOST.architecture,
    "ArchiveWindowSeconds": "0",
    "ResettleSeconds": "0",
}
"""Parameters for a stack in MiniStack, which runs functions itself and waits for none."""
_NAME: Final = "liveinsight"


def no_code() -> bytes:
    """A zip without the handlers."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as content:
        content.writestr("nothing.py", "")
    return code.getvalue()


def make_stack(
    account: MiniStack,
    parameters: Mapping[str, str] | None = None,
    *,
    code: bytes | None = None,
    template: str | None = None,
) -> dict[str, str]:
    """The outputs of a new stack of the template.

    Without `code` its functions fail, and are called by nothing but its API.
    """
    bucket, key = f"artifacts-{account.account}", REQUIRED["ArtifactKey"]
    account.s3.create_bucket(
        Bucket=bucket,
        CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"},
    )
    account.s3.put_object(Bucket=bucket, Key=key, Body=code or no_code())
    place = {"ArtifactBucket": bucket, "ArtifactKey": key}
    chosen = place | EMULATED | dict(parameters or {})
    account.cloudformation.create_stack(
        StackName=_NAME,
        TemplateBody=template or read_template(),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in chosen.items()
        ],
    )
    outputs = _outputs(account, "CREATE_COMPLETE")
    if code is None:
        account.end_polling()
    return outputs


def change_stack(account: MiniStack, template: str) -> dict[str, str]:
    """The outputs of the stack after an update to another template."""
    (stack,) = account.cloudformation.describe_stacks(StackName=_NAME)["Stacks"]
    account.cloudformation.update_stack(
        StackName=_NAME,
        TemplateBody=template,
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": one["ParameterKey"], "UsePreviousValue": True}
            for one in stack["Parameters"]
        ],
    )
    return _outputs(account, "UPDATE_COMPLETE")


def _outputs(account: MiniStack, expected: str) -> dict[str, str]:
    """The stack's outputs once it is as expected."""
    find = account.cloudformation.describe_stacks
    wait_until(
        lambda: (
            not find(StackName=_NAME)["Stacks"][0]["StackStatus"].endswith(
                "_IN_PROGRESS"
            )
        )
    )
    (stack,) = find(StackName=_NAME)["Stacks"]
    if stack["StackStatus"] != expected:
        raise RuntimeError(f"the stack is not as it should be: {stack}")
    return {
        one.get("OutputKey", ""): one.get("OutputValue", "") for one in stack["Outputs"]
    }
