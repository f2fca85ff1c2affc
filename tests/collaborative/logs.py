"""Small logs written by hand."""

import numpy as np

from lernpfad.core import Catalog, Sequences

DAY = 86_400.0


def catalog(items):
    """So many items without skills."""
    return Catalog.of([f"i{i}" for i in range(items)], [], [()] * items)


def log(*rows, items=4, accepted=None, time=None):
    """Histories of the given items; `accepted` and `time` are flat."""
    item = np.concatenate([np.asarray(row, dtype=int) for row in rows])
    names = [f"u{j}" for j in range(len(rows))]
    lengths = [len(row) for row in rows]
    accepted = None if accepted is None else np.asarray(accepted, dtype=bool)
    return Sequences.of(catalog(items), names, lengths, item, np.full(len(item), -1), accepted=accepted, time=time)


def random_log(*, learners, items, seed=0, declined=0.0, mean=6):
    """Histories without repeats, of random items, popular ones first; some learners did nothing."""
    rng = np.random.default_rng(seed)
    appeal = 1.0 / np.arange(1, items + 1)
    rows = [
        rng.choice(items, min(rng.poisson(mean), items), replace=False, p=appeal / appeal.sum())
        for _ in range(learners)
    ]
    accepted = rng.random(sum(len(row) for row in rows)) >= declined
    return log(*rows, items=items, accepted=accepted)
