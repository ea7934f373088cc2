"""One file for each change of the service's tables, in the order of their numbers."""
