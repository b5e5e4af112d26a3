"""How a stack is: its parts, its alarms, its last hour, and what that costs."""

from collections.abc import Sequence
from typing import Final

import msgspec

from liveinsight.aws import parts, prices
from liveinsight.aws.account import Account, translated_errors
from liveinsight.aws.events import find_failures
from liveinsight.aws.stack import Stack, get_stack
from liveinsight.aws.stuck import STUCK
from liveinsight.aws.usage import LastHour, read_last_hour

HOURS_A_MONTH: Final = 730
TABLE_OUTPUTS: Final = ("EventsTable", "SessionsTable", "ActiveSessionsTable")
FUNCTION_OUTPUTS: Final = ("CollectorFunction", "StreamFunction")


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Dollars, without free tiers and tax, at the prices of prices.py."""

    last_hour: float
    month_at_this_rate: float
    """If every hour were as the last: with storage, alarms and counts."""
    fixed_month: float
    """Of that, what does not depend on events: alarms, graphs, counts in use."""
    storage_month: float
    prices_of: str
    """The region of the prices."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; parts are empty where the stack is not complete."""

    stack: str
    account: str
    region: str
    state: str
    advice: str
    """What to do, where the state is a stuck one."""
    changed_at: int
    outputs: dict[str, str]
    tables: tuple[parts.Table, ...] = ()
    functions: tuple[parts.Function, ...] = ()
    api: parts.Api | None = None
    alarms: tuple[parts.Alarm, ...] = ()
    last_hour: LastHour | None = None
    cost: Cost | None = None

    @property
    def is_well(self) -> bool:
        """Whether nothing needs a person."""
        ringing = any(alarm.state == "ALARM" for alarm in self.alarms)
        failing = self.last_hour is not None and self.last_hour.errors.are_there
        return not (self.advice or ringing or failing) and bool(self.tables)


def read_status(account: Account, name: str) -> Status:
    """How the stack of this name is.

    Raises:
        DeployError: there is none, or a part of it may not be looked at.
    """
    stack = get_stack(account, name)
    status = Status(
        stack=stack.name,
        account=account.id,
        region=account.region,
        state=stack.status,
        advice=advise(account, stack),
        changed_at=stack.changed_at,
        outputs=stack.outputs,
    )
    if not stack.outputs:
        return status
    with translated_errors():
        tables = tuple(
            parts.read_table(account, stack.output(one)) for one in TABLE_OUTPUTS
        )
        functions = tuple(
            parts.read_function(account, stack.output(one)) for one in FUNCTION_OUTPUTS
        )
        api = parts.read_api(account, stack)
        alarms = parts.read_alarms(account, stack.name)
        waiting = parts.read_waiting(account, stack.output("FailuresQueueUrl"))
    hour = read_last_hour(
        account,
        stack,
        memory_mb=[function.memory_mb for function in functions],
        failures_waiting=waiting,
    )
    return msgspec.structs.replace(
        status,
        tables=tables,
        functions=functions,
        api=api,
        alarms=alarms,
        last_hour=hour,
        cost=estimate(hour, tables, alarms, functions[0].architecture),
    )


def estimate(
    hour: LastHour,
    tables: Sequence[parts.Table],
    alarms: Sequence[parts.Alarm],
    architecture: str,
) -> Cost:
    """What the last hour cost, and a month of such hours would."""
    used = prices.bill(hour.usage, architecture=architecture).total
    storage = prices.TABLE_STORAGE.of(sum(table.bytes for table in tables) / prices.GB)
    fixed = (
        prices.ALARM.of(sum(alarm.metrics for alarm in alarms))
        + prices.DASHBOARD.of(1)
        + prices.METRIC.of(hour.counts_in_use)
    )
    return Cost(
        last_hour=used,
        month_at_this_rate=used * HOURS_A_MONTH + storage + fixed,
        fixed_month=fixed,
        storage_month=storage,
        prices_of=prices.REGION,
    )


def advise(account: Account, stack: Stack) -> str:
    """What to do about a stuck stack, and what failed; "" for one that is not."""
    if stack.status not in STUCK:
        return ""
    advice = STUCK[stack.status].format(name=stack.name)
    failures = find_failures(account, stack.id)
    return "\n".join([f"{advice}.", *map(str, failures)])
