"""Recorded history from where it lies: Prometheus, OpenMetrics and CSV files, the desk's own recorder."""

from vcci_platform.reliability.history.csv_file import read_csv
from vcci_platform.reliability.history.desk import read_recorder
from vcci_platform.reliability.history.files import is_table, read_file
from vcci_platform.reliability.history.openmetrics import read_openmetrics
from vcci_platform.reliability.history.prometheus import PrometheusHistory
from vcci_platform.reliability.history.recorded import BadLine, HistoryUnreadable, Recorded

__all__ = [
    "BadLine",
    "HistoryUnreadable",
    "PrometheusHistory",
    "Recorded",
    "is_table",
    "read_csv",
    "read_file",
    "read_openmetrics",
    "read_recorder",
]
