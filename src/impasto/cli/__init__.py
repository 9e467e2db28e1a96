"""The terminal: one file a command, and what they share. Heavy imports happen inside functions."""
