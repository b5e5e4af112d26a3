"""What another tool had counted, for the browser's pages."""

import msgspec

from liveinsight.dashboard.totals import save_totals
from liveinsight.imports.plausible import TABLES, Total
from tests.dashboard.project import SITE


def some_totals() -> None:
    """Two months of a site, and a value of every dimension."""
    usual = {"value": "", "detail": "", "visitors": 1_200, "visits": 1_500}
    totals = [
        usual | {"day": day, "dimension": table.dimension, "value": value}
        for day in ("2025-01-31", "2025-02-01")
        for table in TABLES.values()
        for value in (("KR", "/a" * 60) if table.dimension else ("",))
    ]
    save_totals(SITE, "Plausible", msgspec.convert(totals, list[Total]))
