"""A mail server that delivers nothing: what it is given is shown on the board."""
