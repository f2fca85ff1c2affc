"""Strong generalisation on real enrolments: popularity, by the figures that need no tuning."""

from pathlib import Path

import numpy as np
import pytest

from lernpfad.collaborative.popularity import Popularity
from lernpfad.data.ranking_splits import StrongGeneralisation
from lernpfad.data.sources import itemsequence
from lernpfad.evaluate import hits, ranking


@pytest.mark.real_data
def test_popularity_on_mooccubex_strong_generalisation(real_data: Path) -> None:
    dataset = itemsequence.read(real_data / "mooccubex-enrolments", "sequences.txt", name="mooccubex")
    split = StrongGeneralisation()(dataset)
    assert [len(part.learners) for part in (split.train, split.valid, split.test)] == [77_722, 10_000, 10_000]
    model = Popularity().fit(split.train)
    found = ranking.evaluate(model, split.test, split.test_scored, ks=(20, 50, 100), train=split.train)
    names = ("truncated_recall@20", "truncated_recall@50", "ndcg@100")
    np.testing.assert_allclose([found.metrics[name] for name in names], [0.1094, 0.1957, 0.0996], atol=5e-5)
    # the published figures list equals in the order of the catalog, instead of ranking them in the middle
    asked = found.asked
    row, place = np.nonzero(found.lists[asked.owner] == asked.item[:, None])
    listed = np.full(len(asked.item), np.inf)
    listed[row] = place + 1
    by_catalog = hits.table(listed, asked.offsets, (20, 50, 100))
    np.testing.assert_allclose([by_catalog[name].mean() for name in names], [0.1094, 0.1961, 0.0996], atol=5e-5)
