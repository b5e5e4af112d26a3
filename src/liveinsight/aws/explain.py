"""What an error of AWS means for the person at the keyboard, and what to do then."""

import re
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)

from liveinsight.errors import DeployError

DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "AuthorizationError",
        "AuthorizationErrorException",
        "403",  # a HEAD request has no body to say more
    }
)
BAD_CREDENTIALS: Final = frozenset(
    {
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "AuthFailure",
        "IncompleteSignature",
    }
)
EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})

NO_CREDENTIALS: Final = (
    "There are no AWS credentials on this machine. Set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY (of the user liveinsight-dev, see docs/aws.md), or "
    "AWS_PROFILE if you have profiles."
)
POLICY: Final = (
    "`liveinsight deploy --policy deployer` prints the policy that the user needs."
)

HEADS: Final = {"HeadBucket": "s3:ListBucket", "HeadObject": "s3:GetObject"}
"""The permission behind a request whose refusal has no body to name it."""

WHO: Final = re.compile(r"User: (\S+)")
ACTION: Final = re.compile(r"not authorized to perform:? \[?([a-z0-9-]+:[A-Za-z]+)")
RESOURCE: Final = re.compile(r"on resource:? \"?(\S+?)[\"',]?(?:\s|$)")

# A reason as CloudFormation gives it, and what to do about it.
REMEDIES: Final = (
    (
        re.compile(r"UnreservedConcurrentExecution below its minimum", re.IGNORECASE),
        "The account may run too few functions at once to reserve some for this one: "
        "deploy with `--set ReservedConcurrency=0`, or ask AWS for a higher quota.",
    ),
    (
        re.compile(r"cannot be assumed by Lambda", re.IGNORECASE),
        "A new role needs some seconds to be known everywhere: deploy again.",
    ),
    (
        re.compile(r"already exists", re.IGNORECASE),
        "Something of that name is in the account and not in this stack: delete it, "
        "or choose other names with --stack and --set.",
    ),
    (
        re.compile(r"limit ?exceeded|quota|TooManyRequests", re.IGNORECASE),
        "A quota of the account is used up: Service Quotas in the AWS console shows "
        "and raises it.",
    ),
    (
        re.compile(r"Runtime.*(not supported|deprecated)|Invalid.*runtime", re.I),
        "This region does not have that runtime: `--set Runtime=python3.12` takes "
        "another.",
    ),
)


def explain(error: ClientError | BotoCoreError) -> DeployError:
    """The error as a sentence that names what was tried and what to do."""
    if isinstance(error, ClientError):
        return DeployError(explain_answer(error))
    if isinstance(
        error,
        NoCredentialsError
        | PartialCredentialsError
        | CredentialRetrievalError
        | TokenRetrievalError,
    ):
        return DeployError(f"{NO_CREDENTIALS} ({error})")
    if isinstance(error, ProfileNotFound):
        return DeployError(f"{error}: AWS_PROFILE names a profile that is not there.")
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError):
        return DeployError(
            f"{error} Is this machine connected, and --region the one you meant?"
        )
    return DeployError(f"AWS cannot be asked: {error}")


def explain_answer(error: ClientError) -> str:
    """What AWS answered, with what to do for the answers that are common."""
    code = error.response.get("Error", {}).get("Code", "")
    message = error.response.get("Error", {}).get("Message", "") or str(error)
    if code in DENIED:
        return explain_denial(message, error.operation_name)
    if code in BAD_CREDENTIALS:
        return (
            f"AWS does not accept these credentials ({message}). Check "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that the account has "
            "this region switched on."
        )
    if code in EXPIRED:
        return "The AWS credentials have expired: sign in again."
    return f"AWS refuses {error.operation_name}: {message.rstrip('.')}."


def explain_denial(message: str, operation: str = "") -> str:
    """Who may not do what to which resource, and where the policy comes from."""
    who = WHO.search(message)
    action = ACTION.search(message)
    resource = RESOURCE.search(message)
    return (
        f"{who.group(1) if who else 'This user'} may not do "
        f"{action.group(1) if action else HEADS.get(operation, operation) or 'this'}"
        f"{f' to {resource.group(1)}' if resource else ''}. {POLICY}"
    )


def explain_reason(reason: str) -> str:
    """The reason of a failed resource, and what to do where that is known."""
    if ACTION.search(reason):
        return explain_denial(reason)
    said = re.sub(r"\s*\((?:Service|RequestToken|HandlerErrorCode)\b.*\)$", "", reason)
    said = re.sub(r"^Resource handler returned message: ", "", said).strip('" ')
    for pattern, remedy in REMEDIES:
        if pattern.search(reason):
            return f"{said.rstrip('.')}. {remedy}"
    return said
