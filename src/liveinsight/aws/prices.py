"""What AWS charges in ap-northeast-2 (Seoul), in US dollars: the only place of prices.

On demand, without the free tier and without tax. Each price says when it was read and
where. To bring them up to date, change the numbers and dates here and run `make docs`.
"""

from typing import Final

import msgspec

REGION: Final = "ap-northeast-2"

PRICE_LIST: Final = "AWS Price List, offer files of the region"
PRICE_QUERY: Final = "AWS Price List, get_products for the region"
UNCONFIRMED: Final = "what other regions charge; not confirmed for this one"

GB: Final = 1e9
MILLION: Final = 1e6
THOUSAND: Final = 1e3


class Price(msgspec.Struct, frozen=True):
    """`usd` for `per` units of what `unit` names."""

    usd: float
    per: float
    unit: str
    read_on: str
    source: str

    def of(self, amount: float) -> float:
        """What `amount` units cost, in dollars."""
        return self.usd * amount / self.per


API_REQUEST: Final = Price(3.50, MILLION, "REST API requests", "2026-10-01", PRICE_LIST)
"""The first 333 million of a month; 3.19 after. A CORS preflight is a request, too."""
LAMBDA_REQUEST: Final = Price(0.20, MILLION, "invocations", "2026-10-01", PRICE_LIST)
LAMBDA_ARM: Final = Price(0.0000133334, 1, "GB-second, arm64", "2026-10-01", PRICE_LIST)
LAMBDA_X86: Final = Price(
    0.0000166667, 1, "GB-second, x86_64", "2026-10-01", PRICE_LIST
)
WRITE_UNIT: Final = Price(
    0.68, MILLION, "on-demand write units", "2026-06-12", PRICE_QUERY
)
READ_UNIT: Final = Price(
    0.1355, MILLION, "on-demand read units", "2026-06-12", PRICE_QUERY
)
TABLE_STORAGE: Final = Price(
    0.27, 1, "GB and month of table and index", "2026-11-22", UNCONFIRMED
)
LOG_BYTE: Final = Price(
    0.76, GB, "bytes of log and embedded metrics", "2026-10-01", PRICE_LIST
)
LOG_STORAGE: Final = Price(0.0314, 1, "GB and month of log", "2026-10-01", PRICE_LIST)
METRIC: Final = Price(0.30, 1, "metric and month", "2026-10-01", PRICE_LIST)
ALARM: Final = Price(0.10, 1, "alarm and month", "2026-10-01", PRICE_LIST)
DASHBOARD: Final = Price(
    3.00, 1, "CloudWatch dashboard and month", "2026-11-22", UNCONFIRMED
)
"""The first three of an account are free."""
OBJECT_PUT: Final = Price(0.0045, THOUSAND, "S3 PUT", "2026-10-01", PRICE_LIST)
OBJECT_GET: Final = Price(0.0035, 1e4, "S3 GET", "2026-10-01", PRICE_LIST)
OBJECT_STORAGE: Final = Price(0.025, 1, "GB and month of S3", "2026-10-01", PRICE_LIST)
QUEUE_REQUEST: Final = Price(0.40, MILLION, "SQS requests", "2026-11-22", UNCONFIRMED)
EGRESS_BYTE: Final = Price(
    0.126, GB, "bytes out to the internet", "2026-10-01", PRICE_LIST
)
"""The first 100 GB of an account and month are free."""

PRICES: Final = (
    API_REQUEST,
    LAMBDA_REQUEST,
    LAMBDA_ARM,
    LAMBDA_X86,
    WRITE_UNIT,
    READ_UNIT,
    TABLE_STORAGE,
    LOG_BYTE,
    LOG_STORAGE,
    METRIC,
    ALARM,
    DASHBOARD,
    OBJECT_PUT,
    OBJECT_GET,
    OBJECT_STORAGE,
    QUEUE_REQUEST,
    EGRESS_BYTE,
)


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What was used of all that is charged by use; reading the stream is free."""

    api_requests: float = 0
    invocations: float = 0
    gb_seconds: float = 0
    write_units: float = 0
    read_units: float = 0
    log_bytes: float = 0
    object_puts: float = 0
    queue_requests: float = 0


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """What a Usage costs, in dollars, by service."""

    api: float
    functions: float
    tables: float
    logs: float
    archive: float
    queue: float

    @property
    def total(self) -> float:
        """All of it."""
        return (
            self.api
            + self.functions
            + self.tables
            + self.logs
            + self.archive
            + self.queue
        )


def bill(usage: Usage, *, architecture: str = "arm64") -> Bill:
    """What `usage` costs in dollars, free tiers left aside."""
    second = LAMBDA_X86 if architecture == "x86_64" else LAMBDA_ARM
    return Bill(
        api=API_REQUEST.of(usage.api_requests),
        functions=LAMBDA_REQUEST.of(usage.invocations) + second.of(usage.gb_seconds),
        tables=WRITE_UNIT.of(usage.write_units) + READ_UNIT.of(usage.read_units),
        logs=LOG_BYTE.of(usage.log_bytes),
        archive=OBJECT_PUT.of(usage.object_puts),
        queue=QUEUE_REQUEST.of(usage.queue_requests),
    )


def prices_markdown() -> str:
    """The table of docs/aws-prices.md."""
    rows = [
        f"| {_amount(price.per)}{price.unit} | {_dollars(price.usd)} "
        f"| {price.read_on} | {price.source} |"
        for price in PRICES
    ]
    return "\n".join([*_HEAD, *rows]) + "\n"


def _amount(per: float) -> str:
    return "" if per == 1 else f"{per:,.0f} "


def _dollars(usd: float) -> str:
    return f"{usd:.2f}" if usd >= 1 else f"{usd:.10f}".rstrip("0")


_HEAD: Final = [
    "# Prices",
    "",
    f"What AWS charges in {REGION}, in US dollars, on demand, without free tiers and",
    "tax, as `liveinsight status` and `bench/aws_cost` reckon. Elsewhere it differs.",
    "",
    "| for | dollars | read on | where |",
    "|---|---|---|---|",
]
