"""Exact tiles: the gradient of a picture that does not fit into memory, computed piece by piece.

Statistics are sums over positions. A first pass sums them over overlapping tiles, and the style loss is differentiated
with respect to them once. A second pass takes the gradient of every tile with that derivative. The result equals the
gradient of the whole picture up to rounding. Source of the
idea: SPST, which has the same two passes on a GPU.
"""
