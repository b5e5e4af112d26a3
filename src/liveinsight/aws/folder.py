"""Which stack a data folder shows: one folder holds the numbers of one stack."""

import msgspec

from liveinsight.aws.account import Account
from liveinsight.aws.stack import Stack
from liveinsight.data_dir import DataDir, write_owner_only
from liveinsight.errors import ConfigError


class Shown(msgspec.Struct, frozen=True):
    """Which stack the data folder shows; another needs another folder."""

    stack: str
    account: str
    region: str
    bucket: str


def hold_folder(data: DataDir, account: Account, stack: Stack) -> None:
    """Writes into the folder which stack it shows.

    Raises:
        ConfigError: it is one machine's, or another stack's.
    """
    if data.inbox.exists():
        raise ConfigError(
            f"{data.root} holds what one machine has collected; "
            "give the stack a folder of its own with --data"
        )
    shown = Shown(
        stack=stack.name,
        account=account.id,
        region=account.region,
        bucket=stack.output("ArchiveBucket"),
    )
    if not data.stack.exists():
        write_owner_only(data.stack, msgspec.json.encode(shown).decode())
        return
    before = msgspec.json.decode(data.stack.read_bytes(), type=Shown)
    if before != shown:
        raise ConfigError(
            f"{data.root} shows the stack {before.stack} ({before.region}, account "
            f"{before.account}); give this one a folder of its own with --data"
        )
