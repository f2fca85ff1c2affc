"""Which items are alike, by what a recommender has learned."""

import numpy as np

from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.catalog import Catalog
from lernpfad.core.protocols import Recommender, Similar
from lernpfad.core.sequences import NOT_ASSESSED, Sequences


def similar(recommender: Recommender, catalog: Catalog, items: IntArray) -> FloatArray:
    """How alike these items and all of the catalog are, higher is more, `[items, I]`: the recommender's own way if any.

    An item is no neighbour of its own: its place holds -inf.
    """
    items = np.asarray(items)
    told = (
        recommender.similar(items) if isinstance(recommender, Similar) else plain_similar(recommender, catalog, items)
    )
    alike = np.array(told, dtype=np.float64)
    there = items >= 0
    alike[np.flatnonzero(there), items[there]] = -np.inf
    return alike


def plain_similar(recommender: Recommender, catalog: Catalog, items: IntArray) -> FloatArray:
    """The definition: what somebody is offered who took this item and nothing else, `[items, I]`."""
    items = np.asarray(items)
    names = [f"took-{place}" for place in range(len(items))]
    ones = np.ones(len(items), dtype=np.int64)
    histories = Sequences.of(catalog, names, ones, items, np.full(len(items), NOT_ASSESSED))
    return recommender.score(histories, np.arange(len(catalog)))
