"""Korean: days of one width in tables."""

SHORT_DATE_FORMAT = "Y-m-d"
