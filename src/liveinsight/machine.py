"""The parts of one machine, put together: import it when Django is configured.

collector → inbox → applier → warehouse → dashboard
"""

import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import Final

from django.db import connection

from liveinsight.collect.asgi import CollectorApp
from liveinsight.collect.door import Door, DoorSettings
from liveinsight.collect.places import PlaceReader
from liveinsight.commands import closing_database, importing_commands, shared_commands
from liveinsight.config.defaults import (
    MB,
    choose_engine_memory_mb,
    choose_engine_threads,
    find_country_database,
)
from liveinsight.config.settings import Config
from liveinsight.control import PREFIX as CONTROL
from liveinsight.control import Command, Control, takes
from liveinsight.core.event import EncodedEvents
from liveinsight.dashboard import runtime
from liveinsight.dashboard.accounts import forget_old_sessions
from liveinsight.dashboard.alerts.watch import DELIVER_EVERY, LOOK_EVERY, Watcher
from liveinsight.dashboard.asgi import application
from liveinsight.dashboard.audit import COMMAND_LINE, note_erased, note_visitor
from liveinsight.dashboard.installation import find_installation
from liveinsight.dashboard.live_hub import LiveHub
from liveinsight.dashboard.sites import load_sites
from liveinsight.data_dir import DataDir
from liveinsight.demo.catalogue import BASE as SHOP
from liveinsight.demo.catalogue import SITE
from liveinsight.demo.load import OlderVisits, load_newest
from liveinsight.demo.shop import Shop
from liveinsight.demo_site import add_demo_site
from liveinsight.errors import StoreUnavailable
from liveinsight.imports.marks import list_imports
from liveinsight.jobs import Job
from liveinsight.routes import App, Routes
from liveinsight.store.applier import Applier
from liveinsight.store.archive import Archive, archive_closed_hours
from liveinsight.store.eraser import Asked, Eraser, Stores
from liveinsight.store.exporter import Exporter
from liveinsight.store.inbox import Inbox
from liveinsight.store.ledger import LedgerLine
from liveinsight.store.person import Person
from liveinsight.store.recovery import open_warehouse, seed_running
from liveinsight.store.source import InboxSource
from liveinsight.store.warehouse import Warehouse
from liveinsight.tracker.script import tracker_app

SITES_EVERY: Final = 0.5
"""Seconds; a change of the sites reaches the door within one."""
ARCHIVE_EVERY: Final = 60
SALTS_EVERY: Final = 600
SIGN_INS_EVERY: Final = 86_400


def now_ms() -> int:
    """The clock of the whole server."""
    return time.time_ns() // 1_000_000


class Machine:
    """Collector, stores, live page and dashboard over one data folder."""

    def __init__(self, config: Config, data: DataDir) -> None:
        self.config = config
        self.installation = find_installation(
            config.script_name.strip("/"), config.collector_path.strip("/")
        )
        self.inbox = Inbox(
            data.inbox,
            max_pending_events=config.max_pending_events,
            max_backlog_events=config.max_backlog_events,
            min_free_bytes=config.min_free_disk_mb * MB,
            on_commit=self.publish,
        )
        self.archive = Archive(data.archive)
        opened = open_warehouse(
            data.root,
            self.inbox,
            self.archive,
            memory_mb=choose_engine_memory_mb(config),
            threads=choose_engine_threads(config),
        )
        self.recovery, self.warehouse = opened.recovery, opened.warehouse
        self.applier = Applier(
            InboxSource(self.inbox), self.warehouse, on_damage=self.recovery.recover
        )
        self.exporter = Exporter(self.warehouse, data.exports)
        self.imports = partial(list_imports, data.imports)
        self.archiving = threading.Lock()
        self.eraser = Eraser(
            Stores(
                inbox=self.inbox,
                archive=self.archive,
                recovery=self.recovery,
                applier=self.applier,
            ),
            archiving=self.archiving,
            is_rebuilding=lambda: self.rebuild_progress() is not None,
            forget=self.forget,
            done=note_erased,
        )
        self.live = LiveHub(self.warehouse, now_ms, backlog=lambda: self.inbox.backlog)
        self.places = PlaceReader(find_country_database(config))
        self.door = Door(
            settings_of(config),
            sites=load_sites(),
            place_of=self.places.place_of,
            hosts=self.inbox.hosts(),
        )
        self.dashboard = application()
        self.older_visits = OlderVisits(self.inbox, self.warehouse)
        self.is_serving = False
        self.rebuild_is_asked = False

    def publish(self, events: Sequence[EncodedEvents]) -> None:
        """Shows durable events on the open live pages; called by the inbox."""
        self.live.publish(events)

    def routes(self, control_token: str) -> App:
        """The one application: which part answers which path."""
        collector = CollectorApp(self.inbox, self.door, now_ms)
        script_path = f"/{self.installation.script_name}.js"
        collector_path = f"/{self.installation.collector_path}"
        paths: dict[str, App] = {
            "/events": collector,
            collector_path: collector,
            "/liveinsight.js": tracker_app,
            script_path: tracker_app,
            "/live/stream": self.live.app,
        }
        prefixes: dict[str, App] = {CONTROL: Control(control_token, self.commands())}
        if self.config.demo:
            prefixes[SHOP] = Shop(script_path, collector_path)
        return Routes(paths, prefixes, self.dashboard)

    def commands(self) -> dict[str, Command]:
        """What the command line can have done, by name."""
        erasing: dict[str, Command] = {
            "erase-user": takes(
                Person, lambda person: self.erase(person, COMMAND_LINE)
            ),
            "erase-user-progress": takes(Asked, self.eraser.progress),
        }
        importing = importing_commands(self.inbox, self.whole)
        return closing_database(shared_commands(self) | erasing | importing)

    def whole(self) -> Warehouse:
        """The warehouse, with all in it that was ever stored.

        Raises:
            StoreUnavailable: it is being rebuilt.
        """
        if self.rebuild_progress() is not None:
            raise StoreUnavailable("the warehouse is being rebuilt; try again later")
        return self.warehouse

    def load_demo(self) -> None:
        """Adds the demo's site and its past, as far as they are missing."""
        if SITE not in self.door.sites.by_id:
            add_demo_site(now_ms())
            self.load_sites()
        if self.recovery.rebuild is not None:
            return  # its past is in the archive, and would be there twice
        self.applier.apply_waiting()  # what a killed load, or a lost file, left behind
        load_newest(self.inbox, self.warehouse)

    def begin(self) -> None:
        """Starts the threads, and lends the parts to the views."""
        seed_running(self.inbox, self.warehouse, now_ms())
        self.applier.start()
        self.recovery.start()
        self.eraser.start()
        if self.config.demo and self.recovery.rebuild is None:
            self.older_visits.start()
        runtime.bind(
            runtime.Runtime(
                reader=self.warehouse,
                exporter=self.exporter,
                imports=self.imports,
                clock=now_ms,
                live=self.live,
                ledger=self.ledger,
                samples=lambda: self.inbox.samples()[::-1],
                hosts=self.inbox.hosts,
                applier_stats=self.applier.stats,
                rebuild_progress=self.rebuild_progress,
                demo_progress=self.older_visits.progress,
                is_ready=lambda: self.is_serving,
                pending_events=lambda: self.inbox.pending,
                checkpoint_ms=lambda: self.warehouse.last_checkpoint_ms,
                sites_changed=self.load_sites,
                erase=self.erase,
                erasing=self.eraser.people,
            )
        )

    def jobs(self) -> tuple[Job, ...]:
        """The background work beside applier and live page."""
        watcher = Watcher(now_ms)
        return (
            Job("sites", SITES_EVERY, self.follow_sites),
            Job("archive", ARCHIVE_EVERY, self.archive_closed),
            Job("salts", SALTS_EVERY, lambda: self.inbox.forget_old_salts(now_ms())),
            Job("sign-ins", SIGN_INS_EVERY, forget_old_sessions),
            Job("alerts", LOOK_EVERY, watcher.look),
            Job("alert messages", DELIVER_EVERY, watcher.deliver),
        )

    def load_sites(self) -> None:
        """Gives the door the sites as they are now."""
        self.door.sites = load_sites()

    def follow_sites(self) -> None:
        """As load_sites, from a thread of its own: changed by another process."""
        try:
            self.load_sites()
        finally:
            connection.close()

    def archive_closed(self) -> None:
        """Archives closed hours; frees the inbox of what is safe twice."""
        with self.archiving:
            if self.eraser.people():
                return  # what holds them stays where it is until it is rewritten
            archive_closed_hours(self.inbox, self.archive, now_ms())
            self.inbox.rows.remove_through(self.applier.stats().checkpointed_mark)

    def erase(self, person: Person, account: str) -> Asked:
        """Has a visitor erased from all that this machine holds."""
        asked = self.eraser.ask(person)
        note_visitor(account, "erase", person)
        return asked

    def forget(self, person: Person, sessions: Sequence[str]) -> None:
        """Has the live page and the door forget a visitor; from any thread."""
        self.live.forget(person.site, sessions)
        forget = partial(self.inbox.forget_running, person.site, person.user)
        loop = self.live.loop
        if loop is None:
            forget()
        else:
            loop.call_soon_threadsafe(forget)

    def ledger(self) -> list[LedgerLine]:
        """What the door counted, and what the warehouse did."""
        return [*self.inbox.ledger(), *self.warehouse.ledger()]

    def rebuild_progress(self) -> float | None:
        """0-1 while the warehouse is filled from the archive, else None."""
        if self.rebuild_is_asked:
            return 0.0
        rebuild = self.recovery.rebuild
        progress = None if rebuild is None else rebuild.progress()
        if progress is None:
            return None
        return progress.done / progress.total if progress.total else 0.0

    def begin_rebuild(self) -> None:
        """Has the applier start the warehouse over, and fills it meanwhile.

        Raises:
            StoreUnavailable: the archive is being rewritten.
        """
        if self.eraser.people():
            raise StoreUnavailable("a visitor is being erased; try again in a minute")
        self.rebuild_is_asked = True  # the applier may take a while to get to it
        self.applier.call_between_batches(self.start_over)

    def start_over(self) -> None:
        """As asked for, in the applier's thread."""
        try:
            self.recovery.start_over()
        finally:
            self.rebuild_is_asked = False

    def close(self) -> None:
        """Ends everything in the order of the events' way; what was taken is applied."""
        self.is_serving = False
        self.dashboard.close()
        self.eraser.stop()
        self.older_visits.stop()
        self.applier.stop()
        if self.recovery.rebuild is not None:
            self.recovery.rebuild.stop()
        self.inbox.close()
        self.warehouse.close()
        self.places.close()


def settings_of(config: Config) -> DoorSettings:
    """What the owner decides about the door."""
    if not config.country_header:
        return DoorSettings(trusted_proxies=config.trusted_proxies)
    return DoorSettings(
        trusted_proxies=config.trusted_proxies,
        country_headers=(config.country_header.lower(),),
    )
