"""What to look at: the plan as Grafana dashboards."""
