"""Makes sure, with one event, that what is about to get a load is a collector of ours.

Nobody else's server is ever sent a second request.
"""

import asyncio
import time
from typing import Final

import msgspec

from liveinsight.core.outcome import DropReason, Status
from liveinsight.errors import ConfigError
from liveinsight.loadtest.audience import Visit
from liveinsight.loadtest.client import Answer, Client
from liveinsight.loadtest.run import Plan, name_failure
from liveinsight.loadtest.tally import OK

_BUSY: Final = frozenset({429, 503})
_FORBIDDEN: Final = 403
_REDIRECTS: Final = range(300, 400)


class _Body(msgspec.Struct):
    results: list[msgspec.Raw]


async def check_collector(plan: Plan) -> None:
    """Returns when the target has taken one event as a collector does.

    Raises:
        ConfigError: it is no collector, or it does not take events of the site.
    """
    client = Client(plan.target, 1)
    post = Visit(plan.site, now := time.time_ns() // 1_000_000).next_post(1, now)
    try:
        async with asyncio.timeout(plan.timeout):
            answer = await client.ask(plan.target.write(post, plan.site))
    except OSError as error:
        told = str(error) or name_failure(error)
        raise ConfigError(f"no reply from {plan.target.url}: {told}") from error
    finally:
        client.close()
    complain(plan, answer)


def complain(plan: Plan, answer: Answer) -> None:
    """Raises ConfigError unless the reply is that of a collector that took the event."""
    url = plan.target.url
    if answer.status in _BUSY:
        raise ConfigError(f"{url} is busy (status {answer.status}); try again later")
    if answer.status in _REDIRECTS:
        to = answer.headers.get("location", "elsewhere")
        raise ConfigError(f"{url} sends us to {to}; name that address instead")
    if answer.status == _FORBIDDEN and answer.outcome is None:
        raise ConfigError(
            f"{url} answered 403; if it wants a key, give it with "
            "--header 'x-api-key: …', and see that the path is right"
        )
    if answer.outcome is None or not _is_ours(answer):
        raise ConfigError(
            f"{url} is not a LiveInsight collector: it answered one event with status "
            f"{answer.status} and without saying what became of it; nothing more was sent"
        )
    if answer.outcome == f"{Status.DROPPED}: {DropReason.UNKNOWN_SITE}":
        raise ConfigError(
            f"{url} takes no events of {plan.site}; add it (liveinsight site add "
            f"{plan.site}, or on AWS deploy --site), or choose another with --site"
        )
    if answer.outcome not in {Status.ACCEPTED.value, Status.DUPLICATE.value}:
        raise ConfigError(f"{url} did not take our event: {answer.outcome}")


def _is_ours(answer: Answer) -> bool:
    """Whether the body is one that reports on a batch."""
    if answer.status != OK:
        return True  # a rejection; the header tells
    try:
        return len(msgspec.json.decode(answer.body, type=_Body).results) == 1
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
