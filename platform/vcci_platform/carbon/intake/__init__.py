"""Intake of purchases: from the bytes of a CSV file to rows that can be calculated, and the reasons for the rest."""

from vcci_platform.carbon.intake.purchases import read_purchases
from vcci_platform.carbon.intake.reading import DateOrder, DecimalMark, Reading

__all__ = ["DateOrder", "DecimalMark", "Reading", "read_purchases"]
