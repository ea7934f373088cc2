"""One file for each change of the desk's tables, in the order of their numbers."""
