"""Network modules of one-pass style transfer."""
