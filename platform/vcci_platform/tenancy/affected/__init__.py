"""Whom a fault touched: failed and slow requests, counted by tenant where they happen, for operators alone."""
