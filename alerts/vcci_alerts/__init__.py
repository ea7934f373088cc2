"""When to wake someone: the plan as Prometheus rules, their tests, and Alertmanager routes."""
