"""The course of `liveinsight import`: looks, hands over, waits, tells."""

import fcntl
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import click
import msgspec
from msgspec.structs import replace

from liveinsight.cli.asking import Ask
from liveinsight.cli.import_report import report_on, tell, warn_of_overlap
from liveinsight.collect.places import PlaceReader
from liveinsight.config.defaults import find_country_database
from liveinsight.config.read import read_config
from liveinsight.core import limits
from liveinsight.core.event import Event
from liveinsight.core.site import Site, Sites, site_id, sites_of
from liveinsight.data_dir import OWNER_ONLY_DIR, DataDir
from liveinsight.errors import ConfigError
from liveinsight.imports.files import fingerprint
from liveinsight.imports.handover import (
    Arrival,
    Identities,
    ImportedEvents,
    Waiting,
)
from liveinsight.imports.kinds import Kind, in_order, length_of, outcomes_of
from liveinsight.imports.marks import Account, Place
from liveinsight.imports.model import Outcome, Terms
from liveinsight.imports.run import Identity, Report, Told, import_all, look_through
from liveinsight.query.parse import parse_period

ASK_EVERY: Final = 0.5
"""Seconds between two looks at how much waits."""
LOOKING_KEY: Final = bytes(32)
"""For visitor ids that nobody keeps."""
FIRST_DAY: Final = "2000-01-01"
LAST_DAY: Final = "2099-12-31"

Work = Callable[[Iterator[Outcome], Told], Report]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What the options said."""

    files: tuple[Path, ...]
    site: str
    first_day: str
    last_day: str
    exclude: tuple[str, ...]
    again: bool
    dry_run: bool
    as_json: bool


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is read, and how it is told of."""

    kind: Kind
    paths: list[Path]
    as_json: bool


def import_events(ask: Ask, data: str | None, said: Said, kind: Kind) -> None:
    """Imports the files, or tells what would come in.

    Raises:
        ConfigError: a file cannot be read, there is no such site, or another import
            runs.
        QueryError: a day cannot be read.
        StoreUnavailable: the server does not answer; the same command goes on later.
    """
    config = read_config(data=data)
    paths = in_order(said.files, kind)
    with closing(PlaceReader(find_country_database(config))) as places:
        terms = replace(make_terms(ask, said), place_of=places.place_of)
        if said.dry_run:
            look(ask, terms, Job(kind=kind, paths=paths, as_json=said.as_json))
            return
        choices = (kind, said.site, said.first_day, said.last_day, *said.exclude)
        folder = DataDir(config.data_dir).imports
        place = Place(folder, fingerprint(paths, *choices))
        with one_at_a_time(folder):
            if said.again:
                place.forget()
            job = Job(kind=kind, paths=paths, as_json=said.as_json)
            bring_in(ask, terms, job, place)


def look(ask: Ask, terms: Terms, job: Job) -> None:
    """Tells what would come in."""
    wait(ask)
    looking = replace(terms, key=LOOKING_KEY)
    store = Server(ask)
    report = read_all(
        job, looking, "Looking", lambda found, told: look_through(found, store, told)
    )
    tell(report_on(job.kind, job.paths, report, is_dry_run=True), as_json=job.as_json)
    warn_of_overlap(ask, terms, job.kind, report.account)


def bring_in(ask: Ask, terms: Terms, job: Job, place: Place) -> None:
    """Imports what has not been, and waits until it is in the statistics."""
    mark = place.read(job.paths)
    before = mark.account.read
    if mark.is_done:
        report = Report(account=mark.account)
        if not job.as_json:
            click.echo(
                "These files are imported already, and nothing was read now: to read "
                "them once more, say --again. What became of them then:"
            )
        finished = report_on(job.kind, job.paths, report, was_finished=True)
        tell(finished, as_json=job.as_json)
        return
    if before and not job.as_json:
        click.echo(f"Going on after {before} records; the counts are of all together.")
    wait(ask)
    store = Server(ask)
    report = read_all(
        job,
        replace(terms, key=bytes.fromhex(mark.key)),
        "Importing",
        lambda found, told: import_all(found, mark, place, store, told),
    )
    wait(ask)
    told = report_on(job.kind, job.paths, report, went_on_after=before)
    tell(told, as_json=job.as_json)


def make_terms(ask: Ask, said: Said) -> Terms:
    """What is taken, as the options say.

    Raises:
        ConfigError: there is no such site.
        QueryError: a day cannot be read.
    """
    sites = sites_of(ask("sites", None, list[Site]))
    site = find_site(sites, said.site) if said.site else ""
    period = parse_period(
        None,
        said.first_day or FIRST_DAY,
        said.last_day or LAST_DAY,
        sites.get(site).timezone,
        limits.LATEST_TIMESTAMP,
    )
    return Terms(
        site=site,
        sites=sites,
        start=period.start,
        end=period.end,
        excluded_pages=said.exclude,
    )


def find_site(sites: Sites, name: str) -> str:
    """The id of a configured site.

    Raises:
        ConfigError: there is none of that name.
    """
    site = site_id(name)
    if site not in sites.by_id:
        raise ConfigError(
            f"there is no site {name!r}: add it with `liveinsight site add {name}`"
        )
    return site


def read_all(job: Job, terms: Terms, label: str, work: Work) -> Report:
    """What `work` says of all records, behind a bar that shows the account so far."""
    shown = ""

    def told(account: Account) -> None:
        nonlocal shown
        shown = f"{account.stored} new, {account.duplicates} here already"

    def show(_: int | None) -> str:
        return shown

    with click.progressbar(
        length=length_of(job.paths, job.kind),
        label=label,
        item_show_func=show,
        file=sys.stderr,
    ) as bar:

        def read(length: int) -> None:
            bar.update(max(0, length - bar.pos))

        return work(outcomes_of(job.paths, job.kind, terms, read), told)


class Server:
    """The store behind the server, or behind this process's own machine."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def known(self, events: Sequence[Event]) -> set[Identity]:
        """Those of the events that are stored."""
        event_ids: dict[str, list[str]] = {}
        for event in events:
            event_ids.setdefault(event.site, []).append(event.event_id)
        asked = Identities(event_ids=event_ids)
        found = self._ask("import-known", asked, Identities).event_ids
        return {(site, each) for site, ids in found.items() for each in ids}

    def hand_over(self, events: Sequence[Event]) -> None:
        """Returns when the events are durable; waits while too many wait."""
        given = ImportedEvents(events=list(events))
        while self._ask("import-events", given, Waiting).is_full:
            time.sleep(ASK_EVERY)


def wait(ask: Ask) -> None:
    """Returns when all that is durable now is in the statistics."""
    arrival = ask("import-arrival", Arrival(), Arrival)
    if arrival.is_complete:
        return
    waiting = arrival.waiting
    with click.progressbar(length=waiting, label="Counting", file=sys.stderr) as bar:
        while not arrival.is_complete:
            time.sleep(ASK_EVERY)
            arrival = ask("import-arrival", arrival, Arrival)
            bar.update(max(0, waiting - arrival.waiting - bar.pos))


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Holds the imports of an installation for this process, however it ends.

    Two that held the same events would both say that they are new.

    Raises:
        ConfigError: another process has them.
    """
    folder.mkdir(exist_ok=True, mode=OWNER_ONLY_DIR)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError("another import is running: wait for its end") from None
        yield
