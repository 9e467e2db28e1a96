"""The trainer that every training shares: events, checkpoints, optimizers, schedules, crops and curves."""
