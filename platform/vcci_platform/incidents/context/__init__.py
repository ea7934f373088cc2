"""What an engineer would look up first, gathered by the desk right after an incident opens."""
