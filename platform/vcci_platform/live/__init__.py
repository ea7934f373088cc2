"""The spec against what runs: is it seen, why does it fire, what would change, what has drifted."""
