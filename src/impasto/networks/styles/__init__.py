"""Networks that paint in one pass, trained for a few styles: their codes, their training, their files."""
