"""Networks that paint in one pass: one for any style, and those trained for a few."""
