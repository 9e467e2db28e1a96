"""Distilling the compact encoder from VGG-19 (`impasto distill`)."""
