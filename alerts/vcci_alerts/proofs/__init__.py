"""Series that make each alert fire, and series that lie within 10 % of it and must not: promtool's unit tests."""
