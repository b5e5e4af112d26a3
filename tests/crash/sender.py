"""A server's store under load, in a process that is made to be killed.

`python -m tests.crash.sender DIR SEED`: prints the number of each acknowledged event,
a line a batch, as soon as it is acknowledged.
"""

import asyncio
import sys
from pathlib import Path
from random import Random

from liveinsight.core.event import encode_events
from liveinsight.core.outcome import LedgerKey, Outcome
from liveinsight.core.ports import Batch
from liveinsight.store.applier import Applier
from liveinsight.store.archive import Archive, archive_closed_hours
from liveinsight.store.inbox import Inbox
from liveinsight.store.recovery import open_warehouse
from liveinsight.store.source import InboxSource
from tests.store.builders import SITE, T0, an_event

RECEIVED = LedgerKey(SITE, Outcome.RECEIVED)


async def send(inbox: Inbox, seed: int, sender: int) -> None:
    """Batches of a few events for ever, one after the other."""
    chance = Random(seed + sender)  # sizes of batches
    number = (seed * 16 + sender) * 100_000
    while True:
        size = chance.randint(1, 20)
        numbers = range(number, number + size)
        number += size
        events = [
            an_event(n, timestamp=T0 + n % 7_200_000, received_at=T0 + n % 7_200_000)
            for n in numbers
        ]
        await inbox.record(Batch(events=encode_events(events), ledger={RECEIVED: size}))
        sys.stdout.write(f"{numbers[0]} {numbers[-1]}\n")
        sys.stdout.flush()
        await asyncio.sleep(chance.random() / 100)


async def main(folder: Path, seed: int) -> None:
    """Everything that writes, at once."""
    inbox, archive = Inbox(folder / "inbox.sqlite3"), Archive(folder / "archive")
    opened = open_warehouse(folder, inbox, archive)
    applier = Applier(
        InboxSource(inbox), opened.warehouse, on_damage=opened.recovery.recover
    )
    applier.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sending = [asyncio.create_task(send(inbox, seed, n)) for n in range(8)]
    while True:
        await asyncio.sleep(0.2)
        await asyncio.to_thread(archive_closed_hours, inbox, archive, T0 + 10**9)
        mark = await asyncio.to_thread(opened.warehouse.checkpoint)
        await asyncio.to_thread(inbox.rows.remove_through, mark)
        assert len(sending) == 8


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
