"""The settings, as data: to add one, add a field.

The annotation of a field carries its bounds, its unit and its meaning;
docs/settings.md, the environment's names and the messages of `ConfigError` are all
made from it.
"""

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

NEUTRAL_NAME: Final = r"^([A-Za-z0-9][A-Za-z0-9_-]{0,62})?$"
HEADER_NAME: Final = r"^[A-Za-z0-9-]{0,64}$"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner chose, from the command line, else from the environment."""

    data: Annotated[
        str,
        Meta(
            min_length=1,
            description="The folder that holds all state of this installation.",
        ),
    ] = "data"
    host: Annotated[
        str, Meta(min_length=1, description="The address to listen on.")
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Meta(ge=0, le=65_535, description="The port to listen on; 0 takes a free one."),
    ] = 8000
    base_url: Annotated[
        str,
        Meta(
            description=(
                "The address under which browsers reach this server, as in "
                "`https://stats.example.com`. With https, cookies are sent over "
                "https only. Empty: `http://HOST:PORT`."
            )
        ),
    ] = ""
    allowed_hosts: Annotated[
        tuple[str, ...],
        Meta(
            description=(
                "Further host names that the dashboard answers to, besides "
                "localhost and the host of the base address."
            )
        ),
    ] = ()
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description=(
                "Addresses or networks of the reverse proxies whose "
                "`X-Forwarded-For` and country header are believed."
            )
        ),
    ] = ()
    country_header: Annotated[
        str,
        Meta(
            pattern=HEADER_NAME,
            description=(
                "The header in which a trusted proxy names the visitor's country, "
                "as in `CF-IPCountry`."
            ),
        ),
    ] = ""
    country_database: Annotated[
        str,
        Meta(
            description=(
                "An mmdb file that maps addresses to countries. Empty: the one in "
                "the package."
            )
        ),
    ] = ""
    collector_path: Annotated[
        str,
        Meta(
            pattern=NEUTRAL_NAME,
            description=(
                "The path, besides `events`, on which events are taken. Empty: a "
                "neutral one that was drawn for this installation."
            ),
        ),
    ] = ""
    script_name: Annotated[
        str,
        Meta(
            pattern=NEUTRAL_NAME,
            description=(
                "The name, besides `liveinsight`, under which the tracker is served "
                "(without `.js`). Empty: a neutral one that was drawn for this "
                "installation."
            ),
        ),
    ] = ""
    engine_memory_mb: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000,
            description=(
                "The most that the warehouse's engine may use. 0: an eighth of the "
                "machine's memory, between 64 and 320."
            ),
            extra={"unit": "MB"},
        ),
    ] = 0
    engine_threads: Annotated[
        int,
        Meta(
            ge=0,
            le=256,
            description=(
                "The warehouse's threads. 0: one for each processor that this "
                "process may use, at most 4."
            ),
        ),
    ] = 0
    max_pending_events: Annotated[
        int,
        Meta(
            ge=100,
            le=10_000_000,
            description=(
                "Events that may wait for their durable commit; above it the "
                "collector answers 503."
            ),
            extra={"unit": "events"},
        ),
    ] = 20_000
    max_backlog_events: Annotated[
        int,
        Meta(
            ge=1_000,
            le=1_000_000_000,
            description=(
                "Durable events that may wait for the warehouse; above it the "
                "collector answers 503."
            ),
            extra={"unit": "events"},
        ),
    ] = 2_000_000
    min_free_disk_mb: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000_000,
            description=(
                "Space that stays free on the disk of the data folder; below it "
                "the collector answers 503."
            ),
            extra={"unit": "MB"},
        ),
    ] = 256
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="The least serious messages that are logged."),
    ] = "info"
    demo: Annotated[
        bool,
        Meta(
            description=(
                "Also serves a small shop, plays visits to it, and loads nine weeks "
                "of its history: two before the first page, the rest beside it."
            )
        ),
    ] = False

    api_requests_per_minute: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description=(
                "How many questions of API v1 each key or account may ask in a minute; "
                "above it the answer is 429."
            ),
            extra={"unit": "a minute"},
        ),
    ] = 600
    smtp_host: Annotated[
        str,
        Meta(
            description=(
                "The mail server that alerts are sent through. Empty: alerts send no "
                "e-mail."
            )
        ),
    ] = ""
    smtp_port: Annotated[
        int, Meta(ge=1, le=65_535, description="The mail server's port.")
    ] = 587
    smtp_security: Annotated[
        Literal["starttls", "tls", "none"],
        Meta(
            description=(
                "How the way to the mail server is kept secret: `starttls` (usual on "
                "port 587), `tls` from the first byte (465), or `none`, for a server "
                "on this machine."
            )
        ),
    ] = "starttls"
    smtp_user: Annotated[
        str, Meta(description="The name at the mail server. Empty: none is given.")
    ] = ""
    smtp_password: Annotated[
        str, Meta(description="The password at the mail server.")
    ] = ""
    mail_from: Annotated[
        str,
        Meta(
            description=(
                "The sender of alerts, as in `LiveInsight <stats@example.com>`. Empty: "
                "`liveinsight@` and the host of the base address."
            )
        ),
    ] = ""

    aws: Annotated[
        bool,
        Meta(
            description=(
                "Shows what a stack on AWS collects, instead of collecting itself; "
                "see docs/aws.md."
            )
        ),
    ] = False
    stack: Annotated[
        str,
        Meta(
            min_length=1, description="With aws: the name of the stack that is shown."
        ),
    ] = "liveinsight"
    region: Annotated[
        str,
        Meta(
            description=(
                "With aws: the region of the stack. Empty: `AWS_DEFAULT_REGION`, else "
                "the profile's, else ap-northeast-2."
            )
        ),
    ] = ""
    aws_archive_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=3_600,
            description=(
                "With aws: how often the archive is looked at for new objects, at a "
                "request to S3 each time."
            ),
            extra={"unit": "seconds"},
        ),
    ] = 10
    aws_live_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=60,
            description=(
                "With aws: how old the live page's picture of the active sessions may "
                "get while somebody looks; each reading costs 128 read units for a MB."
            ),
            extra={"unit": "seconds"},
        ),
    ] = 2
    aws_live_mb: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000,
            description=(
                "With aws: the most that is read of the active sessions at once; a MB "
                "holds some 2,500."
            ),
            extra={"unit": "MB"},
        ),
    ] = 25

    @property
    def data_dir(self) -> Path:
        """The folder of all state, absolute."""
        return Path(self.data).expanduser().absolute()

    @property
    def is_https(self) -> bool:
        """Whether browsers reach this server over https."""
        return self.base_url.startswith("https://")
