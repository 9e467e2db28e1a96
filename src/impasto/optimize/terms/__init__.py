"""Term factories: what builds the terms of an objective.

A factory is a function of the inputs of one scale. It measures what it needs and returns a function that gives the
terms of a view, which is called once per view. `DEFAULT_TERMS` are the factories of a normal run; a job with more of
them (`Job.term_factories`) has more terms, and the engine needs no change.
"""

from __future__ import annotations

from collections.abc import Callable

from impasto.optimize.terms.content import content_terms
from impasto.optimize.terms.image import anchor_terms, layout_terms, value_range_terms, variation_terms
from impasto.optimize.terms.scale_inputs import ScaleInputs, TermsOfView
from impasto.optimize.terms.style import style_terms

TermFactory = Callable[[ScaleInputs], TermsOfView]

DEFAULT_TERMS: tuple[TermFactory, ...] = (
    content_terms,
    style_terms,
    variation_terms,
    value_range_terms,
    anchor_terms,
    layout_terms,
)

__all__ = [
    "DEFAULT_TERMS",
    "ScaleInputs",
    "TermFactory",
    "TermsOfView",
    "anchor_terms",
    "content_terms",
    "layout_terms",
    "style_terms",
    "value_range_terms",
    "variation_terms",
]
