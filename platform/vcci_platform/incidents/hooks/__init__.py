"""What others tell the desk: who may, and what it means."""
