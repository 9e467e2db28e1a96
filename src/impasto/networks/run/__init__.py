"""Networks that paint in one pass, put to work: any size of picture, tiles, regions, other machines' formats."""
