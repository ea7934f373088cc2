"""PromQL that rules, dashboards and tests share: matchers, series names, and the expressions of indicators."""
