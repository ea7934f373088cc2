"""Recurrence rules of RFC 5545 in whole days: which days `FREQ=WEEKLY;BYDAY=SU` means.

What repeats within a day is refused: time that is taken out of an account every hour is no exception but a mute.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

__all__ = ["Recurrence", "days", "parse_rule"]

Frequency = Literal["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]

_FREQUENCIES: dict[str, Frequency] = {name: name for name in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")}
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BY_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z)?)?")
_MOST = 1000
_DAYS_OF_A_WEEK = 7
_DAYS_OF_A_YEAR = 366


@dataclass(frozen=True)
class Recurrence:
    """One rule. `by_day` are (which one of its month or year, 0 for each; weekday from 0, Monday)."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: datetime | date | None = None
    by_day: tuple[tuple[int, int], ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    by_position: tuple[int, ...] = ()
    week_start: int = 0


def parse_rule(text: str) -> Recurrence:
    """Return the rule that a text such as `FREQ=MONTHLY;BYDAY=1SU` says.

    >>> parse_rule("FREQ=MONTHLY;BYDAY=1SU").by_day
    ((1, 6),)

    Raises ValueError that says what was expected, for what repeats within a day too.
    """
    parts: dict[str, str] = {}
    for part in text.upper().removeprefix("RRULE:").split(";"):
        name, sign, value = part.partition("=")
        if not sign or not value or name in parts:
            raise ValueError(f"expected each part once and with its value, such as FREQ=WEEKLY;BYDAY=SU, got {part!r}")
        parts[name] = value
    frequency = parts.pop("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise ValueError(f"expected FREQ=DAILY, WEEKLY, MONTHLY or YEARLY, got {frequency or 'no FREQ'!r}")
    read: dict[str, object] = {}
    for name, value in parts.items():
        if name not in _PARTS:
            known = ", ".join(sorted(_PARTS))
            raise ValueError(f"expected a part that chooses days ({known}), got {name!r}")
        field, reader = _PARTS[name]
        read[field] = reader(value)
    rule = Recurrence(_FREQUENCIES[frequency], **read)  # type: ignore[arg-type]
    _check(rule)
    return rule


def days(rule: Recurrence, start: date, last: date) -> Iterator[date]:
    """Yield the days that a rule means, from `start` on and up to `last`; COUNT counts from `start`.

    UNTIL is left to the caller, who knows the time of the day.
    """
    left = rule.count
    for period in _periods(rule, start, last):
        chosen = sorted(set(period))
        if rule.by_position:
            size = len(chosen)
            places = {place - 1 if place > 0 else size + place for place in rule.by_position}
            chosen = [day for index, day in enumerate(chosen) if index in places]
        for day in chosen:
            if day < start:
                continue
            if day > last or left == 0:
                return
            left = None if left is None else left - 1
            yield day


def _check(rule: Recurrence) -> None:
    if rule.count is not None and rule.until is not None:
        raise ValueError("expected either COUNT or UNTIL, got both")
    if rule.by_month_day and rule.frequency == "WEEKLY":
        raise ValueError("expected BYMONTHDAY only with DAILY, MONTHLY or YEARLY, got it with WEEKLY")
    if rule.frequency in {"DAILY", "WEEKLY"} and any(place for place, _ in rule.by_day):
        raise ValueError(f"expected BYDAY without a number, such as SU, with {rule.frequency}, got a number")
    if rule.by_position and rule.frequency == "WEEKLY":
        # Readers disagree about the first week, of which the rule begins in the middle.
        raise ValueError("expected BYSETPOS only with MONTHLY or YEARLY, got it with WEEKLY")
    numbered = {bool(place) for place, _ in rule.by_day}
    if len(numbered) > 1 or (True in numbered and rule.by_month_day):
        # RFC 5545 allows both, and its readers disagree about what they mean.
        raise ValueError("expected weekdays all with a number or all without, and a number not beside BYMONTHDAY")
    if rule.by_position and not (rule.by_day or rule.by_month_day or rule.by_month):
        raise ValueError("expected BYSETPOS beside BYDAY, BYMONTHDAY or BYMONTH, got it alone")


def _periods(rule: Recurrence, start: date, last: date) -> Iterator[list[date]]:
    """Yield the days of each day, week, month or year that the interval meets, in order."""
    match rule.frequency:
        case "DAILY":
            return _daily(rule, start, last)
        case "WEEKLY":
            return _weekly(rule, start, last)
        case "MONTHLY":
            return _monthly(rule, start, last)
        case "YEARLY":
            return (_of_year(rule, year, start) for year in range(start.year, last.year + 1, rule.interval))


def _daily(rule: Recurrence, start: date, last: date) -> Iterator[list[date]]:
    for index in range(0, (last - start).days + 1, rule.interval):
        day = start + timedelta(days=index)
        yield [day] if _holds(rule, day) else []


def _weekly(rule: Recurrence, start: date, last: date) -> Iterator[list[date]]:
    back = (start.weekday() - rule.week_start) % _DAYS_OF_A_WEEK
    wanted = {weekday for _, weekday in rule.by_day} or {start.weekday()}
    for first in range(-back, (last - start).days + 1, rule.interval * _DAYS_OF_A_WEEK):
        places = range(max(first, 0), min(first + _DAYS_OF_A_WEEK, (last - start).days + 1))
        week = [start + timedelta(days=place) for place in places]
        yield [day for day in week if day.weekday() in wanted and _meets_month(rule, day.month)]


def _monthly(rule: Recurrence, start: date, last: date) -> Iterator[list[date]]:
    first, final = (day.year * 12 + day.month - 1 for day in (start, last))
    for index in range(first, final + 1, rule.interval):
        year, month = divmod(index, 12)
        yield _of_month(rule, year, month + 1, start.day) if _meets_month(rule, month + 1) else []


def _of_month(rule: Recurrence, year: int, month: int, default: int) -> list[date]:
    length = calendar.monthrange(year, month)[1]
    every = [date(year, month, day) for day in range(1, length + 1)]
    if rule.by_month_day:
        every = [day for day in every if _is_month_day(rule, day)]
        return [day for day in every if _is_weekday(rule, day, length)] if rule.by_day else every
    if rule.by_day:
        return [day for day in every if _is_weekday(rule, day, length)]
    return [day for day in every if day.day == default]


def _of_year(rule: Recurrence, year: int, start: date) -> list[date]:
    if rule.by_day and not rule.by_month and not rule.by_month_day:
        length = _DAYS_OF_A_YEAR if calendar.isleap(year) else _DAYS_OF_A_YEAR - 1
        every = [date(year, 1, 1) + timedelta(days=index) for index in range(length)]
        return [day for day in every if _is_weekday(rule, day, length, day.timetuple().tm_yday)]
    wanted = rule.by_month or (tuple(range(1, 13)) if rule.by_month_day else (start.month,))
    return [day for month in sorted(wanted) for day in _of_month(rule, year, month, start.day)]


def _is_weekday(rule: Recurrence, day: date, length: int, place: int | None = None) -> bool:
    """Return whether a day is one of the weekdays, counted from either end of its month or year."""
    number = day.day if place is None else place
    from_start, from_end = (number - 1) // _DAYS_OF_A_WEEK + 1, (length - number) // _DAYS_OF_A_WEEK + 1
    return any(weekday == day.weekday() and which in {0, from_start, -from_end} for which, weekday in rule.by_day)


def _is_month_day(rule: Recurrence, day: date) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    return any(day.day == (wanted if wanted > 0 else length + 1 + wanted) for wanted in rule.by_month_day)


def _holds(rule: Recurrence, day: date) -> bool:
    """Return whether a day of a daily rule is left by its conditions."""
    weekdays = {weekday for _, weekday in rule.by_day}
    fits = not rule.by_month_day or _is_month_day(rule, day)
    return fits and _meets_month(rule, day.month) and (not weekdays or day.weekday() in weekdays)


def _meets_month(rule: Recurrence, month: int) -> bool:
    return not rule.by_month or month in rule.by_month


def _number(low: int, high: int, *, signed: bool = False) -> Callable[[str], int]:
    def read(text: str) -> int:
        found = re.fullmatch(r"[+-]?\d{1,4}" if signed else r"\d{1,4}", text, re.ASCII)
        value = int(text) if found else 0
        if not found or not low <= value <= high or value == 0:
            raise ValueError(f"expected a number from {low} to {high}, got {text!r}")
        return value

    return read


def _numbers(low: int, high: int, *, signed: bool = False) -> Callable[[str], tuple[int, ...]]:
    read = _number(low, high, signed=signed)
    return lambda text: tuple(read(part) for part in text.split(","))


def _weekdays(text: str) -> tuple[tuple[int, int], ...]:
    found = [_BY_DAY.fullmatch(part) for part in text.split(",")]
    if not all(found) or any(part and part[1] and abs(int(part[1])) not in range(1, 54) for part in found):
        raise ValueError(f"expected weekdays such as SU, 1MO or -1FR, got {text!r}")
    return tuple((int(part[1] or 0), _WEEKDAYS.index(part[2])) for part in found if part)


def _week_start(text: str) -> int:
    if text not in _WEEKDAYS:
        raise ValueError(f"expected one of {', '.join(_WEEKDAYS)}, got {text!r}")
    return _WEEKDAYS.index(text)


def _until(text: str) -> datetime | date:
    """Return a day, a time on the wall (naive), or a moment in UTC."""
    found = _UNTIL.fullmatch(text)
    try:
        if found and found[2]:
            moment = datetime.strptime(f"{found[1]}{found[2]}", "%Y%m%d%H%M%S")  # noqa: DTZ007 - the zone follows
            return moment.replace(tzinfo=UTC) if found[3] else moment
        if found:
            return datetime.strptime(found[1], "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        pass
    raise ValueError(f"expected a day such as 20270201 or a moment such as 20270201T020000Z, got {text!r}")


_PARTS: dict[str, tuple[str, Callable[[str], object]]] = {
    "INTERVAL": ("interval", _number(1, _MOST)),
    "COUNT": ("count", _number(1, _MOST)),
    "UNTIL": ("until", _until),
    "BYDAY": ("by_day", _weekdays),
    "BYMONTHDAY": ("by_month_day", _numbers(-31, 31, signed=True)),
    "BYMONTH": ("by_month", _numbers(1, 12)),
    "BYSETPOS": ("by_position", _numbers(-366, 366, signed=True)),
    "WKST": ("week_start", _week_start),
}
