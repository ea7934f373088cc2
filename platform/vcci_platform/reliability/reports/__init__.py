"""Reports: how every promise was kept over a month, a quarter or any other days, for people, printers and programs."""

from vcci_platform.reliability.reports.gather import TooMuch, Wanted, gather
from vcci_platform.reliability.reports.memory import Memory
from vcci_platform.reliability.reports.model import PromiseAccount, Report
from vcci_platform.reliability.reports.periods import Period, PeriodError, parse_period
from vcci_platform.reliability.reports.ports import Chronicle
from vcci_platform.reliability.reports.render import FORMATS, Format, render

__all__ = [
    "FORMATS",
    "Chronicle",
    "Format",
    "Memory",
    "Period",
    "PeriodError",
    "PromiseAccount",
    "Report",
    "TooMuch",
    "Wanted",
    "gather",
    "parse_period",
    "render",
]
