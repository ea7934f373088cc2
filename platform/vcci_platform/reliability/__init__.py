"""The SLO service: records what the service does, judges it against the promises, and says what is left of them."""
