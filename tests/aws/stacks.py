"""The template in an account of MiniStack, with any code for its functions."""

import io
import time
import zipfile
from collections.abc import Mapping
from typing import Final

from liveinsight.aws.outline import read_template
from tests.aws.ministack import MiniStack
from tests.aws.packages import HOST
from tests.aws.template import REQUIRED

EMULATED: Final = {
    "Alarms": "false",  # MiniStack has no alarms on more than one metric
    "Runtime": HOST.runtime,
    "Architecture": HOST.architecture,
    "ArchiveWindowSeconds": "0",
    "ResettleSeconds": "0",
}
"""Parameters for a stack in MiniStack, which runs functions itself and waits for none."""
_SECONDS: Final = 30


def no_code() -> bytes:
    """A zip without the handlers."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as content:
        content.writestr("nothing.py", "")
    return code.getvalue()


def make_stack(
    account: MiniStack,
    parameters: Mapping[str, str] | None = None,
    code: bytes | None = None,
) -> dict[str, str]:
    """The outputs of a stack of the template; without `code` its functions fail."""
    bucket, key = f"artifacts-{account.account}", REQUIRED["ArtifactKey"]
    account.s3.create_bucket(
        Bucket=bucket,
        CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"},
    )
    account.s3.put_object(Bucket=bucket, Key=key, Body=code or no_code())
    place = {"ArtifactBucket": bucket, "ArtifactKey": key}
    chosen = place | EMULATED | dict(parameters or {})
    cloudformation = account.cloudformation
    cloudformation.create_stack(
        StackName="liveinsight",
        TemplateBody=read_template(),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in chosen.items()
        ],
    )
    stack = cloudformation.describe_stacks(StackName="liveinsight")["Stacks"][0]
    ends_at = time.monotonic() + _SECONDS
    while stack["StackStatus"].endswith("_IN_PROGRESS"):
        if time.monotonic() > ends_at:
            break
        time.sleep(0.05)
        (stack,) = cloudformation.describe_stacks(StackName="liveinsight")["Stacks"]
    if stack["StackStatus"] != "CREATE_COMPLETE":
        raise RuntimeError(f"the stack is not made: {stack}")
    return {
        one.get("OutputKey", ""): one.get("OutputValue", "") for one in stack["Outputs"]
    }
