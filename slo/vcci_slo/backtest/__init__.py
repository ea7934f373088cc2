"""The same decisions as the rules and the evaluator over recorded history: what would have paged, and what it cost."""

from vcci_slo.backtest.candidates import CandidateError, variant
from vcci_slo.backtest.document import report_document, suggestion_document
from vcci_slo.backtest.excluding import Taken
from vcci_slo.backtest.history import History, HistoryError, Increment
from vcci_slo.backtest.judging import MOST_CANDIDATES, NEGLIGIBLE, Candidate, backtest
from vcci_slo.backtest.report import BadStretch, BudgetLine, Call, Counts, Firing, Outcome, Point, Report
from vcci_slo.backtest.suggestion import HistoryTooThin, Option, Refusal, Suggestion, suggest

__all__ = [
    "MOST_CANDIDATES",
    "NEGLIGIBLE",
    "BadStretch",
    "BudgetLine",
    "Call",
    "Candidate",
    "CandidateError",
    "Counts",
    "Firing",
    "History",
    "HistoryError",
    "HistoryTooThin",
    "Increment",
    "Option",
    "Outcome",
    "Point",
    "Refusal",
    "Report",
    "Suggestion",
    "Taken",
    "backtest",
    "report_document",
    "suggest",
    "suggestion_document",
    "variant",
]
