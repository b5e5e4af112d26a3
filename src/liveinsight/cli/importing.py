"""The course of `liveinsight import`: looks, hands over, waits, tells."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import click
import msgspec
from msgspec.structs import replace

from liveinsight.cli.asking import Ask
from liveinsight.cli.import_report import tell, warn_of_overlap
from liveinsight.collect.places import PlaceReader
from liveinsight.config.defaults import find_country_database
from liveinsight.config.read import read_config
from liveinsight.core import limits
from liveinsight.core.event import Event
from liveinsight.core.site import Site, Sites, site_id, sites_of
from liveinsight.data_dir import DataDir
from liveinsight.errors import ConfigError
from liveinsight.imports.files import fingerprint
from liveinsight.imports.handover import ImportedEvents, Waiting
from liveinsight.imports.kinds import Kind, in_order, length_of, outcomes_of
from liveinsight.imports.model import Outcome, Terms
from liveinsight.imports.run import Place, Report, import_all, look_through
from liveinsight.query.parse import parse_period

ASK_EVERY: Final = 0.5
"""Seconds between two looks at how much waits."""
LOOKING_KEY: Final = bytes(32)
"""For visitor ids that nobody keeps."""
FIRST_DAY: Final = "2000-01-01"
LAST_DAY: Final = "2099-12-31"

Work = Callable[[Iterator[Outcome]], Report]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What the options said."""

    files: tuple[Path, ...]
    site: str
    first_day: str
    last_day: str
    exclude: tuple[str, ...]
    again: bool
    dry_run: bool


def import_events(ask: Ask, data: str | None, said: Said, kind: Kind) -> None:
    """Imports the files, or tells what would come in.

    Raises:
        ConfigError: a file cannot be read, or there is no such site.
        QueryError: a day cannot be read.
        StoreUnavailable: the server does not answer; the same command goes on later.
    """
    config = read_config(data=data)
    paths = in_order(said.files, kind)
    with closing(PlaceReader(find_country_database(config))) as places:
        terms = replace(make_terms(ask, said), place_of=places.place_of)
        if said.dry_run:
            looking = replace(terms, key=LOOKING_KEY)
            report = read_all(paths, kind, looking, "Looking", look_through)
            tell(kind, report, "would be imported")
            warn_of_overlap(ask, terms, kind, report.account)
            return
        choices = (kind, said.site, said.first_day, said.last_day, *said.exclude)
        place = Place(DataDir(config.data_dir).imports, fingerprint(paths, *choices))
        if said.again:
            place.forget()
        bring_in(ask, terms, kind, paths, place)


def bring_in(
    ask: Ask, terms: Terms, kind: Kind, paths: list[Path], place: Place
) -> None:
    """Imports what has not been, and waits until it is in the statistics."""
    mark = place.read(paths)
    if mark.is_done:
        click.echo(
            f"These files are imported already: {mark.account.events} events. "
            "To read them once more, say --again."
        )
        return
    if mark.account.read:
        click.echo(f"Going on after {mark.account.read} records.")
    report = read_all(
        paths,
        kind,
        replace(terms, key=bytes.fromhex(mark.key)),
        "Importing",
        lambda outcomes: import_all(
            outcomes, mark, place, lambda events: send(ask, events)
        ),
    )
    tell(kind, report, "are imported")
    wait(ask)


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


def read_all(
    paths: Sequence[Path], kind: Kind, terms: Terms, label: str, work: Work
) -> Report:
    """What `work` says of all records, behind a bar."""
    with click.progressbar(length=length_of(paths, kind), label=label) as bar:
        return work(
            outcomes_of(
                paths, kind, terms, lambda read: bar.update(max(0, read - bar.pos))
            )
        )


def send(ask: Ask, events: Sequence[Event]) -> None:
    """Returns when the events are durable; waits while too many are not yet applied."""
    given = ImportedEvents(events=list(events))
    while ask("import-events", given, Waiting).is_full:
        time.sleep(ASK_EVERY)


def wait(ask: Ask) -> None:
    """Returns when all that was imported is in the statistics."""
    nothing = ImportedEvents(events=[])
    waiting = ask("import-events", nothing, Waiting).events
    with click.progressbar(length=waiting, label="Counting") as bar:
        while waiting:
            time.sleep(ASK_EVERY)
            waiting = ask("import-events", nothing, Waiting).events
            bar.update(max(0, (bar.length or 0) - waiting - bar.pos))
