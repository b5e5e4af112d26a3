"""The bounds on everything that comes from outside, in one table.

Source: design, semantics.md, "The wire" and "Time".
"""

from typing import Final

BODY_BYTES: Final = 1024 * 1024
COMPRESSED_BYTES: Final = 64 * 1024
BATCH_EVENTS: Final = 100

EVENT_TYPE_CHARS: Final = 64
EVENT_ID_PATTERN: Final = r"^[A-Za-z0-9_-]{8,64}\Z"
USER_ID_CHARS: Final = 128
SESSION_ID_CHARS: Final = 128
URL_CHARS: Final = 2048
TITLE_CHARS: Final = 512
SITE_CHARS: Final = 253
LANGUAGE_CHARS: Final = 35
TIMEZONE_CHARS: Final = 64
PROPERTY_KEYS: Final = 30
PROPERTY_KEY_CHARS: Final = 64
PROPERTY_CHARS: Final = 500
CURRENCY_PATTERN: Final = r"^[A-Za-z]{3}\Z"

HOSTS_BEFORE_A_SITE: Final = 100

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

EARLIEST_TIMESTAMP: Final = 946_684_800_000
"""2000-01-01T00:00:00Z, in ms."""
LATEST_TIMESTAMP: Final = 4_102_444_800_000
"""2100-01-01T00:00:00Z, in ms."""

SESSION_SILENCE: Final = 30 * MINUTE
"""The longest silence inside one session, in ms: 30:00.000 continues it."""
CURRENT_WINDOW: Final = 5 * MINUTE
"""A current visitor has an event in these last ms."""
CLOCK_AHEAD: Final = 5 * MINUTE
CLOCK_BEHIND: Final = 7 * DAY
