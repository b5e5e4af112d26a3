"""States of a stack that no update leads out of, and what does."""

from typing import Final

from liveinsight.aws.account import Account
from liveinsight.aws.events import find_failures
from liveinsight.aws.stack import Stack
from liveinsight.errors import DeployError

STUCK: Final = {
    "ROLLBACK_COMPLETE": (
        "its creation failed and was rolled back, which leaves an empty stack that "
        "cannot be updated. `liveinsight destroy --stack {name}` removes it (tables "
        "and archive stay), then deploy again"
    ),
    "ROLLBACK_FAILED": (
        "its creation failed, and so did taking it back. `liveinsight destroy "
        "--stack {name}` removes it (tables and archive stay), then deploy again"
    ),
    "CREATE_FAILED": (
        "its creation failed. `liveinsight destroy --stack {name}` removes it "
        "(tables and archive stay), then deploy again"
    ),
    "UPDATE_ROLLBACK_FAILED": (
        "an update failed, and so did going back. Mend what the reason says, then "
        "`liveinsight rollback --stack {name}` goes on with it; `--skip RESOURCE` "
        "leaves a resource as it is"
    ),
    "DELETE_FAILED": (
        "it could not be deleted. Mend what the reason says, then `liveinsight "
        "destroy --stack {name}` again"
    ),
}


def check_ready(account: Account, stack: Stack) -> None:
    """Raises DeployError for a stack that cannot be updated, with what to do."""
    if stack.is_busy:
        raise DeployError(
            f"The stack {stack.name} is being changed ({stack.status}), here or by "
            "somebody else: wait until that has ended; `liveinsight status` shows it."
        )
    if stack.status in STUCK:
        failures = find_failures(account, stack.id)
        advice = STUCK[stack.status].format(name=stack.name)
        lines = [f"The stack {stack.name} is stuck ({stack.status}): {advice}."]
        raise DeployError("\n".join([*lines, *map(str, failures)]))
