"""Runs MiniStack, mended in three things; for the Python that it is installed in."""

import ctypes
import importlib
import signal
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]

_COLONS_OF_A_GROUP = 6
_PR_SET_PDEATHSIG = 1
_PROTOCOL = b"x-forwarded-proto"


def behind_tls(application: Application) -> Application:
    """The application as if TLS ended in front of it.

    It enforces policies that refuse plain HTTP, and nobody here speaks TLS. A request
    that names its protocol itself keeps it.
    """

    async def told(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            named = [name for name, _ in scope["headers"]]
            if _PROTOCOL not in named:
                scope["headers"] = [*scope["headers"], (_PROTOCOL, b"https")]
        await application(scope, receive, send)

    return told


def one_name_for_batches(
    find_action: Callable[..., str | None],
) -> Callable[..., str | None]:
    """The search for the permission of a request, as AWS names those of queues.

    IAM has none for SendMessageBatch and the like: SendMessage allows both.
    """

    def find(*request: Any) -> str | None:
        action = find_action(*request)
        if action is not None and action.startswith("sqs:"):
            return action.removesuffix("Batch")
        return action

    return find


def one_name_for_log_groups(
    find_resource: Callable[..., str],
) -> Callable[..., str]:
    """The search for the resource of a request, as policies name log groups: with `:*`.

    Source: CloudWatch Logs, "Identity-based policies: log group ARN formats".
    """

    def find(service: str, *request: Any) -> str:
        resource = find_resource(service, *request)
        is_group = service == "logs" and resource.count(":") == _COLONS_OF_A_GROUP
        return f"{resource}:*" if is_group else resource

    return find


def end_with_parent() -> None:
    """Has the system end this process when its parent does, whatever ends that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    end_with_parent()
    actions: Any = importlib.import_module("ministack.core.iam_actions")
    actions.extract_iam_action = one_name_for_batches(actions.extract_iam_action)
    actions.extract_resource_arn = one_name_for_log_groups(actions.extract_resource_arn)
    server: Any = importlib.import_module("ministack.app")
    server.app = behind_tls(server.app)
    server.main()
