"""English: a month by its name, as 11/10 is October to some and November to others."""

DATE_FORMAT = "M j, Y"
SHORT_DATE_FORMAT = "M j, Y"
