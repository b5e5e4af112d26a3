"""The parts of an export."""

from pathlib import Path

from liveinsight.store.export import ExportFormat, Wanted
from liveinsight.store.exporter import Exporter
from tests.query.tables import NOON, SITE, an_event, warehouse_of


def test_a_part_says_how_many_events_are_in_it_also_of_those_that_came_since(
    tmp_path: Path,
) -> None:
    wanted = Wanted(
        site=SITE,
        start=NOON,
        end=NOON + 10,
        format=ExportFormat.NDJSON,
        compressed=False,
    )
    with warehouse_of([an_event(NOON)]) as warehouse:
        exporter = Exporter(warehouse, tmp_path)
        (window,) = exporter.plan(wanted)
    with warehouse_of([an_event(NOON), an_event(NOON + 1)]) as warehouse:
        part = Exporter(warehouse, tmp_path).write(wanted, window)
    assert part.events == 2
    assert len(Path(part.path).read_text().splitlines()) == 2
