"""PFA and Best-LR: features by hand, the same optimum as scikit-learn, and published floors."""

from pathlib import Path

import numpy as np
import pytest

from lernpfad.core import Catalog, ConfigError, Sequences, state_after, trace
from lernpfad.core.laws.measure import auc
from lernpfad.core.laws.planted import PlantedAnswers
from lernpfad.data.sources import jedm
from lernpfad.data.split import Published
from lernpfad.tracing.bestlr import BestLR
from lernpfad.tracing.counts import Before, _design
from lernpfad.tracing.pfa import PFA


@pytest.fixture
def log() -> Sequences:
    """Items a (skill x), b (x and y), c (none); one learner answers a+ b- a? b+ a, another b+ a."""
    catalog = Catalog.of(["a", "b", "c"], ["x", "y"], [[0], [0, 1], []])
    item, outcome = np.array([0, 1, 0, 1, 0, 1, 0]), np.array([1, 0, -1, 1, 1, 1, 0])
    return Sequences.of(catalog, ["u", "v"], [5, 2], item, outcome)


def test_counts_before_each_row_by_hand(log: Sequences) -> None:
    before = Before.of(log, log.catalog.item_skills)
    pairs = list(zip(before.row.tolist(), before.skill.tolist(), before.of_skill.tolist(), strict=True))
    assert pairs == [
        (0, 0, [0, 0]),
        (1, 0, [1, 1]),
        (1, 1, [0, 0]),
        (2, 0, [2, 1]),
        (3, 0, [2, 1]),  # the row that was not assessed counted nothing
        (3, 1, [1, 0]),
        (4, 0, [3, 2]),
        (5, 0, [0, 0]),
        (5, 1, [0, 0]),
        (6, 0, [1, 1]),
    ]
    assert before.of_item.tolist() == [[0, 0], [0, 0], [1, 1], [1, 0], [1, 1], [0, 0], [0, 0]]
    assert before.total.tolist() == [[0, 0], [1, 1], [2, 1], [2, 1], [3, 2], [0, 0], [1, 1]]


def test_a_row_of_the_design_by_hand(log: Sequences) -> None:
    design = _design(log.item, Before.of(log, log.catalog.item_skills), items=3, skills=2).toarray()
    log2, log3 = np.log(2), np.log(3)
    #                items    skills  attempts    wins      item attempts and wins, then in all
    expected = [0, 1, 0, 1, 1, log3, log2, log2, 0, log2, 0, log3, log2]
    np.testing.assert_allclose(design[3], expected)


def test_predictions_follow_from_the_weights(log: Sequences) -> None:
    tracer = BestLR().fit(log)
    state = state_after(tracer, log.select([0]))
    logit = (
        tracer.bias_[0]
        + tracer.item_weight_[1]
        + tracer.skill_weight_.sum()
        + np.log1p([4, 3]) @ tracer.count_weight_[0]
        + np.log1p([2, 1]) @ tracer.count_weight_[1]
        + np.log1p([2, 1, 4, 3]) @ tracer.shared_weight_
    )
    said = tracer.predict(state, np.array([[1]]), np.zeros(1))[0, 0]
    assert said == pytest.approx(1 / (1 + np.exp(-logit)))


@pytest.mark.parametrize("kind", [PFA, BestLR])
def test_the_optimum_is_that_of_scikit_learn(planted: PlantedAnswers, kind: type[PFA] | type[BestLR]) -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    train, table = planted.train, planted.train.catalog.item_skills
    tracer = kind(penalty=0.5).fit(train)
    wide = len(table) if kind.with_items else 0
    design = _design(train.item, Before.of(train, table), items=wide, skills=len(train.catalog.skills))
    peer = linear.LogisticRegression(C=2.0, max_iter=5000, tol=1e-6).fit(
        design[train.assessed], train.outcome[train.assessed]
    )
    np.testing.assert_allclose(
        trace(tracer, train)[train.assessed], peer.predict_proba(design[train.assessed])[:, 1], atol=2e-4
    )


def test_wrong_settings_are_named() -> None:
    with pytest.raises(ConfigError, match="PFA: penalty=0"):
        PFA(penalty=0)


@pytest.mark.real_data
def test_lane_b_reaches_the_published_floors(real_data: Path) -> None:
    """An independent sparse logistic regression on all training learners reaches .7084 (PFA) and .7665 (Best-LR)."""
    split = Published(seed=0)(jedm.read(real_data / "jedm_assistments09"))
    right = split.test.outcome[split.test_scored] == 1
    found = {kind: auc(trace(kind().fit(split.train), split.test)[split.test_scored], right) for kind in (PFA, BestLR)}
    assert found[PFA] == pytest.approx(0.7084, abs=0.0015)
    assert found[BestLR] >= 0.762
