"""Calculators: pure functions from rows, factors and rates to lines and gaps, one module per category."""
