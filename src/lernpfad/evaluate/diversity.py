"""Skills in lists of recommendations: how different the items of a list are, and how like the learner's past it is."""

from typing import Final

import numpy as np

from lernpfad.core import Catalog, FloatArray, IntArray

ALPHA: Final = 0.01
"""Share of the past's skills that is mixed into the list's, so that a missing skill costs a finite amount."""
_CELLS: Final = 4_000_000


def intra_list(lists: IntArray, catalog: Catalog, ks: tuple[int, ...]) -> dict[int, FloatArray]:
    """Intra-list diversity at each k: mean Jaccard distance of the skills of two items in the list, `[learners]`.

    lists: item indices, -1 where a list is short, `[learners, max k]`. Pairs with an item without skills are left out;
    NaN where no pair is left, so for every list where the catalog has no skills.
    """
    found = {k: np.full(len(lists), np.nan) for k in ks}
    together = max(1, _CELLS // max(lists.shape[1] * max(len(catalog.skills), lists.shape[1]), 1))
    for first in range(0, len(lists) if (catalog.item_skills >= 0).any() else 0, together):
        some = slice(first, first + together)
        apart, defined = _distances(lists[some], catalog)
        for k in ks:
            count = defined[:, :k, :k].sum(axis=(1, 2))
            total = np.where(defined, apart, 0.0)[:, :k, :k].sum(axis=(1, 2))
            found[k][some] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return found


def _distances(lists: IntArray, catalog: Catalog) -> tuple[FloatArray, FloatArray]:
    """Jaccard distance of every two places, and which pairs are different places with skills: `[n, k, k]` twice."""
    skills = np.where((lists >= 0)[:, :, None], catalog.incidence[lists], False).astype(np.float32)
    size = skills.sum(axis=2)
    common = skills @ skills.transpose(0, 2, 1)
    either = size[:, :, None] + size[:, None, :] - common
    defined = (size[:, :, None] > 0) & (size[:, None, :] > 0) & ~np.eye(lists.shape[1], dtype=bool)
    return 1 - common / np.maximum(either, 1), defined


def category_calibration(
    lists: IntArray, past: tuple[IntArray, IntArray], catalog: Catalog, ks: tuple[int, ...], *, alpha: float = ALPHA
) -> dict[int, FloatArray]:
    """How far the skills of a list are from those of the learner's past, in nats: 0 is perfect, `[learners]`.

    `KL(p || (1 - alpha) q + alpha p)` over skills; p of what she took, q of the list at k, every item's weight spread
    evenly over its skills (Steck 2018, equations 2, 3 and 6, all items alike). past: (learner, item) of what was taken,
    sorted by learner, each pair once. NaN where the past or the list has no skills.
    """
    found = {k: np.full(len(lists), np.nan) for k in ks}
    together = max(1, _CELLS // max(len(catalog.skills), 1))
    for first in range(0, len(lists) if len(catalog.skills) else 0, together):
        some = lists[first : first + together]
        low, high = np.searchsorted(past[0], [first, first + len(some)])
        p = _shares(past[0][low:high] - first, past[1][low:high], catalog, len(some))
        for k in ks:
            owner, place = np.nonzero(some[:, :k] >= 0)
            q = _shares(owner, some[owner, place], catalog, len(some))
            mixed = (1 - alpha) * q + alpha * p
            each = np.where(p > 0, p * np.log(np.where(p > 0, p, 1) / np.where(p > 0, mixed, 1)), 0.0)
            known = (p.sum(axis=1) > 0) & (q.sum(axis=1) > 0)
            found[k][first : first + together] = np.where(known, each.sum(axis=1), np.nan)
    return found


def _shares(owner: IntArray, item: IntArray, catalog: Catalog, learners: int) -> FloatArray:
    """Share of each skill in the given items of each learner, `[learners, K]`; zeros where none has skills."""
    skills = catalog.skills_of(item)
    row, place = np.nonzero(skills >= 0)
    weight = 1.0 / np.maximum((skills >= 0).sum(axis=1), 1)[row]
    cell = owner[row] * len(catalog.skills) + skills[row, place]
    total = np.bincount(cell, weights=weight, minlength=learners * len(catalog.skills)).reshape(learners, -1)
    share: FloatArray = total / np.maximum(total.sum(axis=1, keepdims=True), 1e-300)
    return share
