"""How a team that has only Prometheus arrives: a starter spec from what is there, and its alerting rules as a spec."""
