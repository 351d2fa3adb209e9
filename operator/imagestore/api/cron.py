"""Cron expressions and time zones as users write them."""

from typing import Annotated

from pydantic import Field

from imagestore.core.model import Cel, Form

_MONTHS, _DAYS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC", "SUN|MON|TUE|WED|THU|FRI|SAT"
_FEBRUARY, _SHORT = "0?2|FEB|feb", "0?[2469]|11|FEB|APR|JUN|SEP|NOV|feb|apr|jun|sep|nov"


def _field(value: str) -> str:
    """A list of values, ranges and steps."""
    item = rf"(\*|({value})(-({value}))?)(/[1-9][0-9]?)?"
    return f"{item}(,{item})*"


_FIELDS = (
    "[0-5]?[0-9]",
    "1?[0-9]|0[0-9]|2[0-3]",
    "0?[1-9]|[12][0-9]|3[01]|L",
    f"0?[1-9]|1[0-2]|{_MONTHS}|{_MONTHS.lower()}",
    f"0?[0-7]|{_DAYS}|{_DAYS.lower()}",
)
_EVERY_WEEKDAY = r" +\*$"

CronExpression = Annotated[
    str,
    Field(min_length=9, max_length=128, pattern=f"^{' +'.join(map(_field, _FIELDS))}$"),
    Form(
        "a cron expression has five fields: minute 0-59, hour 0-23, day of the month 1-31 or L (the last), month 1-12 or JAN-DEC,"
        " weekday 0-7 or SUN-SAT; write for example 17 2 * * * for every night at 02:17"
    ),
    Cel(
        rf"!self.matches(r'^\S+ +\S+ +(30|31|30,31|30-31) +({_FEBRUARY}){_EVERY_WEEKDAY}') &&"
        rf" !self.matches(r'^\S+ +\S+ +31 +(({_SHORT}),?)+{_EVERY_WEEKDAY}')",
        "no month of these has this day, so it never fires; write a day that exists, or L for the last one",
    ),
]

TimeZoneName = Annotated[
    str,
    Field(min_length=2, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"),
    Form("a time zone is a name of the IANA time zone database, such as Europe/Berlin or UTC"),
]
