"""The parts of a dashboard over a stack on AWS: import it when Django is configured.

archive (S3) → applier → warehouse → dashboard ← active sessions, indexes (DynamoDB)
"""

import logging
import time
from collections.abc import Sequence
from functools import partial
from typing import Final

from django.db import connection

from liveinsight.aws.account import open_account
from liveinsight.aws.folder import hold_folder
from liveinsight.aws.ledger import read_ledger
from liveinsight.aws.settings import sites_of_stack
from liveinsight.aws.stack import Stack, get_stack
from liveinsight.commands import closing_database, shared_commands
from liveinsight.config.defaults import choose_engine_memory_mb, choose_engine_threads
from liveinsight.config.settings import Config
from liveinsight.control import PREFIX as CONTROL
from liveinsight.control import Command, Control, takes
from liveinsight.core.limits import SECOND
from liveinsight.core.site import Site
from liveinsight.core.stack_counts import StackLedger
from liveinsight.dashboard import runtime
from liveinsight.dashboard.accounts import forget_old_sessions
from liveinsight.dashboard.alerts.watch import DELIVER_EVERY, LOOK_EVERY, Watcher
from liveinsight.dashboard.asgi import application
from liveinsight.dashboard.audit import note_erased
from liveinsight.dashboard.installation import find_installation
from liveinsight.dashboard.live_hub import LiveHub
from liveinsight.dashboard.sites import follow_stack
from liveinsight.data_dir import DataDir
from liveinsight.errors import ConfigError, DeployError
from liveinsight.jobs import Job
from liveinsight.routes import App, Routes
from liveinsight.store.applier import Applier
from liveinsight.store.archive_s3 import S3Archive
from liveinsight.store.derived_eraser import DerivedEraser, Gone
from liveinsight.store.dynamodb.client import config_for
from liveinsight.store.dynamodb.live import LiveSessions
from liveinsight.store.dynamodb.reader import DynamoReader
from liveinsight.store.dynamodb.timelines import Timelines
from liveinsight.store.eraser import Asked
from liveinsight.store.exporter import Exporter
from liveinsight.store.keeper import Keeper
from liveinsight.store.ledger import LedgerLine
from liveinsight.store.live_tables import LiveTables
from liveinsight.store.person import Person
from liveinsight.store.s3_source import S3Source
from liveinsight.tracker.script import tracker_app
from liveinsight.tracker.tag import write_tag

log = logging.getLogger(__name__)

STACK_EVERY: Final = 60
"""Seconds; until a site that was deployed is among the dashboard's."""
SIGN_INS_EVERY: Final = 86_400
SAY_EVERY: Final = 10
LEDGER_FOR_MS: Final = 60 * SECOND
READ_ATTEMPTS: Final = 3
"""At a table, with the door's short time-outs: a page waits for the answer."""

QUIET: Final = ("boto3", "botocore", "urllib3")
"""Below a warning they write what is sent, signatures too."""


def refuse_import(_: bytes) -> None:
    """Raises ConfigError: what collects is the stack."""
    raise ConfigError("events come in through the address of the stack only")


def now_ms() -> int:
    """The clock of the whole server."""
    return time.time_ns() // 1_000_000


class AwsMachine:
    """Warehouse, live page and dashboard over what a stack collects."""

    def __init__(self, config: Config, data: DataDir) -> None:
        for name in QUIET:
            logging.getLogger(name).setLevel(logging.WARNING)
        self.config = config
        self.installation = find_installation(
            config.script_name.strip("/"), config.collector_path.strip("/")
        )
        self.account = open_account(config.region or None)
        stack = get_stack(self.account, config.stack)
        hold_folder(data, self.account, stack)
        self.keeper = Keeper(
            data.warehouse,
            memory_mb=choose_engine_memory_mb(config),
            threads=choose_engine_threads(config),
        )
        self.keeper.open()
        self.warehouse = self.keeper.warehouse
        self.source = S3Source(
            S3Archive(self.account.s3, stack.output("ArchiveBucket")),
            now_ms,
            poll_seconds=config.aws_archive_seconds,
        )
        live_tables = LiveTables(self.warehouse)
        self.applier = Applier(
            self.source,
            self.warehouse,
            on_applied=lambda _: live_tables.note_applied(),
            on_damage=self.keeper.recover,
        )
        tables = DynamoReader(
            self.account.session.client(
                "dynamodb", self.account.region, config=config_for(READ_ATTEMPTS)
            ),
            stack.tables,
            most_pages=config.aws_live_mb,
        )
        self.sessions = LiveSessions(
            tables, live_tables, now_ms, every_ms=config.aws_live_seconds * SECOND
        )
        self.exporter = Exporter(self.warehouse, data.exports)
        self.live = LiveHub(self.sessions, now_ms, read_at=self.read_at)
        self.sessions.publish = self.live.publish
        self.sessions.watched = self.live.sites
        self.timelines = Timelines(
            self.warehouse,
            tables,
            self.sessions,
            now_ms,
            lambda: self.source.complete_through,
        )
        self.eraser = DerivedEraser(self.keeper, self.applier, self.forget, note_erased)
        self.stack = stack
        self.counted: StackLedger | None = None
        self.ask_ledger_at = 0
        follow_stack(sites_of(stack))
        self.dashboard = application()
        self.is_serving = False
        self.rebuild_is_asked = False

    def routes(self, control_token: str) -> App:
        """The one application: which part answers which path."""
        paths: dict[str, App] = {
            "/liveinsight.js": tracker_app,
            f"/{self.installation.script_name}.js": tracker_app,
            "/live/stream": self.live.app,
        }
        control = Control(control_token, self.commands())
        return Routes(paths, {CONTROL: control}, self.dashboard)

    def commands(self) -> dict[str, Command]:
        """What the command line can have done, by name."""
        own: dict[str, Command] = {
            "import-events": refuse_import,
            "erase-user": takes(Gone, self.eraser.ask),
            "erase-user-progress": takes(Asked, self.eraser.progress),
        }
        return closing_database(shared_commands(self) | own)

    def forget(self, person: Person, sessions: Sequence[str]) -> None:
        """Has the live page forget a visitor; from any thread."""
        self.live.forget(person.site, sessions)

    def load_demo(self) -> None:
        """Raises ConfigError: the demo's visits are made on one machine."""
        raise ConfigError("--demo shows one machine; it does not go with --aws")

    def begin(self) -> None:
        """Starts the threads, and lends the parts to the views."""
        self.applier.start()
        self.keeper.start()
        runtime.bind(
            runtime.Runtime(
                reader=self.warehouse,
                exporter=self.exporter,
                present=self.sessions,
                timelines=self.timelines,
                stack=runtime.Stack(
                    name=self.stack.name,
                    region=self.account.region,
                    snippet=partial(write_tag, self.stack.output("ApiUrl")),
                    ledger=self.stack_ledger,
                    live_limit=self.live_limit,
                    history_through=lambda: self.source.complete_through,
                ),
                clock=now_ms,
                live=self.live,
                ledger=self.ledger,
                samples=list,
                hosts=self.hosts,
                applier_stats=self.applier.stats,
                rebuild_progress=self.rebuild_progress,
                is_ready=lambda: self.is_serving,
                checkpoint_ms=lambda: self.warehouse.last_checkpoint_ms,
                erasing=self.eraser.people,
            )
        )

    def jobs(self) -> tuple[Job, ...]:
        """The background work beside applier and live page."""
        watcher = Watcher(now_ms)
        return (
            Job("stack", STACK_EVERY, self.follow_stack),
            Job("progress", SAY_EVERY, self.say_progress),
            Job("sign-ins", SIGN_INS_EVERY, forget_old_sessions),
            Job("alerts", LOOK_EVERY, watcher.look),
            Job("alert messages", DELIVER_EVERY, watcher.deliver),
        )

    def follow_stack(self) -> None:
        """Takes over the sites that were deployed since."""
        try:
            self.stack = get_stack(self.account, self.config.stack)
            follow_stack(sites_of(self.stack))
        finally:
            connection.close()

    def say_progress(self) -> None:
        """A line in the log while history is loaded."""
        progress = self.source.progress()
        if progress is not None:
            events = self.applier.stats().applied_events
            log.info(
                "history is loaded from the archive",
                extra={"done": f"{progress:.0%}", "events": events},
            )

    def ledger(self) -> list[LedgerLine]:
        """What the warehouse did; what the door counted is the stack's ledger."""
        return self.warehouse.ledger()

    def stack_ledger(self) -> StackLedger | None:
        """The stack's counts, asked for at most once a minute, and only for a page."""
        now = now_ms()
        if now >= self.ask_ledger_at:
            self.ask_ledger_at = now + LEDGER_FOR_MS
            try:
                self.counted = read_ledger(self.account, now)
            except DeployError as error:
                log.warning("the counts cannot be read: %s", error)
                self.counted = None
        return self.counted

    def read_at(self) -> int:
        """When the active sessions were read, ms: the live page says how old it is."""
        snapshot = self.sessions.snapshot
        return now_ms() if snapshot is None else snapshot.read_at

    def live_limit(self) -> int | None:
        """How many active sessions are shown, where the table holds more."""
        snapshot = self.sessions.snapshot
        if snapshot is None or snapshot.is_complete:
            return None
        return len(snapshot.sessions)

    def hosts(self) -> set[str]:
        """The sites that events have come for, in the archive or just now."""
        snapshot = self.sessions.snapshot
        now = {each.site for each in snapshot.sessions} if snapshot else set()
        return now | {line.site for line in self.warehouse.ledger()}

    def rebuild_progress(self) -> float | None:
        """0-1 while the warehouse is filled from the archive, else None."""
        return 0.0 if self.rebuild_is_asked else self.source.progress()

    def begin_rebuild(self) -> None:
        """Has the applier start the warehouse over, and load the archive again."""
        self.rebuild_is_asked = True  # the applier may take a while to get to it
        self.applier.call_between_batches(self.start_over)

    def start_over(self) -> None:
        """As asked for, in the applier's thread."""
        try:
            self.keeper.start_over()
        finally:
            self.rebuild_is_asked = False

    def close(self) -> None:
        """Ends everything; what is not applied is still in the archive."""
        self.is_serving = False
        self.dashboard.close()
        self.applier.stop(drain=False)
        self.source.close()
        self.sessions.close()
        self.keeper.close()


def sites_of(stack: Stack) -> list[Site]:
    """The sites that the stack takes events for; none: it takes every host's."""
    return sites_of_stack(stack.parameters.get("Sites", ""))
