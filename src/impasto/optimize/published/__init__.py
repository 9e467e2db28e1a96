"""Presets of published settings, one file a source."""
