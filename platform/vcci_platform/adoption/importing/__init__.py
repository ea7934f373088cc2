"""Alerting rules that a team has, as a spec: thresholds as data where an expression allows, and a full report."""
