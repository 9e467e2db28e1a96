"""Networks that are trained: the distilled encoder."""
