"""The vendors that the desk talks to: each behind one adapter that never raises for what it or the network does."""
