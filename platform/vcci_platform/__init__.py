"""What runs: the Scope 3 service, the desk, and the command line around them."""
