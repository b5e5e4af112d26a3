"""Files for the tests of imports, and what is read of them."""

from collections.abc import Iterable
from pathlib import Path

from liveinsight.core.event import Event
from liveinsight.core.site import Site, sites_of
from liveinsight.imports.files import untold
from liveinsight.imports.kinds import in_order, kind_of_all, outcomes_of
from liveinsight.imports.model import Reason, Skipped, Terms
from liveinsight.store.export import ExportFormat, Wanted
from liveinsight.store.exporter import Exporter
from liveinsight.store.warehouse import Warehouse

SITE = "shop.example"
EVER = 1 << 60


def terms(*more: str, **changes: object) -> Terms:
    """What takes all events of the shop, and of the sites `more`."""
    sites = sites_of(Site(name) for name in (SITE, *more))
    return Terms(**({"sites": sites, "key": b"k" * 32} | changes))  # type: ignore[arg-type]  # by name


def read(
    paths: Iterable[Path], asked: Terms
) -> tuple[list[Event], list[tuple[Reason, str]]]:
    """The events in the files, and what is left out."""
    files = list(paths)
    kind = kind_of_all(files)
    found = list(outcomes_of(in_order(files, kind), kind, asked, untold))
    events = [each for each in found if isinstance(each, Event)]
    rest = [(each.reason, each.text) for each in found if isinstance(each, Skipped)]
    return events, rest


def exported(
    warehouse: Warehouse, folder: Path, form: ExportFormat, *, compressed: bool = False
) -> Path:
    """A file with all events of the warehouse."""
    wanted = Wanted(site="", start=0, end=EVER, format=form, compressed=compressed)
    path = folder / f"all{wanted.suffix}"
    with path.open("wb") as file:
        for piece in Exporter(warehouse, folder / "parts").stream(wanted):
            file.write(piece)
    return path
