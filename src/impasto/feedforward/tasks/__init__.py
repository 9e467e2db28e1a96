"""Training tasks of one-pass networks."""
