"""What every recommender promises. Hold your own to it: `check_recommender(lambda: MyRecommender(...))`."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray, IntArray
from lernpfad.core.errors import LawBroken
from lernpfad.core.laws.law import Law, demand, hold, same
from lernpfad.core.laws.measure import auc, reloaded
from lernpfad.core.laws.planted import PlantedTakeUp, planted_take_up
from lernpfad.core.protocols import FoldsIn, Recommender
from lernpfad.core.recommend import recommend
from lernpfad.core.roles import Requirement
from lernpfad.core.sequences import Sequences
from lernpfad.core.situation import Situation

FOUND = 0.55
"""AUC with which the hidden items must be told from those never taken."""

BLOCKS_FOUND = 0.6
"""AUC with which a personal recommender must tell the items of a learner's block from the others."""


AGREEMENT = 0.85
"""Correlation with which folding in must give the ranks of the trained factors."""


@dataclass(frozen=True, eq=False)
class RecommenderCase:
    """A recommender and the planted take-up on which it is held to the laws; fitted when first asked for.

    make: a new recommender, not fitted. reload: saves and loads a fitted one, None where that is not to be tried.
    twin: the exported form of a fitted one.
    tolerance: between two ways to the same score, as a share of the widest difference between scores.
    fitted: an already fitted recommender instead of `make`; laws that fit again are left out.
    """

    make: Callable[[], Recommender] | None = None
    planted: PlantedTakeUp = field(default_factory=planted_take_up)
    reload: Callable[[Any], Recommender] | None = reloaded
    twin: Callable[[Any], Recommender] | None = None
    tolerance: float = 1e-5
    fitted: Recommender | None = None

    @property
    def subject(self) -> str:
        """Name of the recommender's class."""
        return type(self.recommender).__name__

    @cached_property
    def recommender(self) -> Recommender:
        """The recommender, fitted on the planted take-up; shared by the laws."""
        return self.fitted if self.fitted is not None else self.new().fit(self.planted.train, self.planted.valid)

    def new(self) -> Recommender:
        """Another recommender, not fitted."""
        assert self.make is not None, "this case holds a fitted recommender and cannot make another"
        return self.make()

    @property
    def items(self) -> IntArray:
        """Every item."""
        return np.arange(len(self.planted.catalog))

    @cached_property
    def scores(self) -> FloatArray:
        """Scores of the test learners, `[learners, I]`."""
        return self.recommender.score(self.planted.test, self.items)

    @property
    def rounding(self) -> float:
        """The absolute difference that counts as rounding."""
        return self.tolerance * max(float(np.ptp(self.scores)), 1e-12)

    @property
    def personal(self) -> bool:
        """Whether different histories get different scores."""
        return bool((np.ptp(self.scores, axis=0) > self.rounding).any())


def finite(case: RecommenderCase) -> None:
    """One finite score per learner and item."""
    shape = (len(case.planted.test.learners), len(case.items))
    demand(case.scores.shape == shape, f"score gave shape {case.scores.shape}, expected [learners, items] = {shape}")
    wrong = ~np.isfinite(case.scores)
    demand(not wrong.any(), f"{int(wrong.sum())} of {wrong.size} scores are not finite")


def aligned(case: RecommenderCase) -> None:
    """Scores follow the items that were asked for: in another order, or only a few of them."""
    test = case.planted.test
    turned = case.recommender.score(test, case.items[::-1])[:, ::-1]
    same(turned, case.scores, what="scores of reversed items", tolerance=case.rounding)
    few = case.recommender.score(test, case.items[[7, 3]])
    same(few, case.scores[:, [7, 3]], what="scores of two of the items", tolerance=case.rounding)


def strangers_served(case: RecommenderCase) -> None:
    """Somebody who joined this morning, with an empty history or with unknown items in it, gets finite scores."""
    catalog = case.planted.catalog
    strange = Sequences.of(catalog, ["a", "b", "c"], [0, 1, 3], np.array([-1, 5, -1, 6]), np.array([1, 1, 0, 1]))
    for what, histories in (("no history at all", Sequences.empty(catalog, 2)), ("unknown items", strange)):
        scores = case.recommender.score(histories, case.items)
        shape = (len(histories.learners), len(case.items))
        demand(scores.shape == shape, f"scores of learners with {what} have shape {scores.shape}, expected {shape}")
        demand(np.isfinite(scores).all(), f"a learner with {what} got a score that is not finite")


def history_not_name(case: RecommenderCase) -> None:
    """A score belongs to a history, never to a name or a row number: trained learners under new names score alike."""
    known = case.planted.train
    renamed = replace(known, learners=np.array([f"nobody-{j}" for j in range(len(known.learners))]))
    scores = case.recommender.score(known, case.items)
    other = case.recommender.score(renamed, case.items)
    same(other, scores, what="scores of trained learners under other names", tolerance=case.rounding)
    later = case.recommender.score(known.select(slice(5, 9)), case.items)
    same(later, scores[5:9], what="scores of trained learners in other rows", tolerance=case.rounding)


def batch_partners_irrelevant(case: RecommenderCase) -> None:
    """A learner's scores do not depend on who else is in the batch."""
    for j in (0, 1, len(case.planted.test.learners) - 1):
        alone = case.recommender.score(case.planted.test.select(np.array([j])), case.items)[0]
        same(alone, case.scores[j], what=f"scores of learner {j} alone", tolerance=case.rounding)


def asking_changes_nothing(case: RecommenderCase) -> None:
    """Asked again, a recommender gives the same bits."""
    same(case.recommender.score(case.planted.test, case.items), case.scores, what="scores asked for again")


def same_seed_same_numbers(case: RecommenderCase) -> None:
    """Another recommender with the same settings, fitted on other data first, ends with the same numbers."""
    few = case.planted.train.select(slice(0, 40))
    again = case.new().fit(few, few).fit(case.planted.train, case.planted.valid)
    what = "scores of a second recommender (fit must start afresh, from its own seed)"
    same(again.score(case.planted.test, case.items), case.scores, what=what, tolerance=case.rounding)


def save_and_load_change_nothing(case: RecommenderCase) -> None:
    """Saved and loaded, a recommender gives the same bits."""
    assert case.reload is not None
    loaded = case.reload(case.recommender).score(case.planted.test, case.items)
    same(loaded, case.scores, what="scores after save and load")


def twin_gives_the_same_scores(case: RecommenderCase) -> None:
    """The exported form scores as the recommender does, strangers included."""
    assert case.twin is not None
    twin, catalog = case.twin(case.recommender), case.planted.catalog
    odd = Sequences.of(catalog, ["a", "b", "c"], [0, 1, 3], np.array([-1, 5, -1, 6]), np.array([1, 1, 0, 1]))
    for what, histories in (("test learners", case.planted.test), ("strangers", odd)):
        got, expected = (one.score(histories, np.append(case.items, -1)) for one in (twin, case.recommender))
        same(got, expected, what=f"scores of {what} by the exported twin", tolerance=case.rounding)


def planted_found(case: RecommenderCase) -> None:
    """What new learners took besides their histories scores above what they never took."""
    value = auc(*_unseen(case, case.planted.hidden))
    demand(value >= FOUND, f"AUC {value:.3f} of hidden items against those never taken, expected at least {FOUND}")


def blocks_found(case: RecommenderCase) -> None:
    """Who scores personally finds the block of a new learner from her history."""
    belongs = case.planted.block == case.planted.belongs[:, None]
    value = auc(*_unseen(case, belongs))
    demand(
        value >= BLOCKS_FOUND,
        f"AUC {value:.3f} of items of the learner's own block against others, expected at least {BLOCKS_FOUND}",
    )


def folding_in_agrees(case: RecommenderCase) -> None:
    """Folding in a training learner's history ranks, beyond what everybody likes, as the factors of the fit do."""
    known, model = case.planted.train, case.recommender
    assert isinstance(model, FoldsIn)
    trained = model.trained
    assert trained is not None
    took = np.bincount(known.owner[known.accepted], minlength=len(known.learners)) > 0
    demand(len(trained) == len(took), f"trained has {len(trained)} rows, expected one for each training learner")
    fitted = _personal_ranks(model.affinity(trained, case.items)[took])
    folded = _personal_ranks(model.score(known, case.items)[took])
    value = float((fitted * folded).sum() / max(np.sqrt((fitted**2).sum() * (folded**2).sum()), 1e-12))
    demand(
        value >= AGREEMENT,
        f"correlation {value:.3f} of personal ranks by folding in with those of the trained factors, "
        f"expected at least {AGREEMENT}",
    )


def _personal_ranks(scores: FloatArray) -> FloatArray:
    """Ranks of the items for each learner, less the mean rank of each item: what is left of popularity is nothing."""
    ranks = np.argsort(np.argsort(scores, axis=1, kind="stable"), axis=1, kind="stable").astype(np.float64)
    personal: FloatArray = ranks - ranks.mean(axis=0)
    return personal


def masked_never_listed(case: RecommenderCase) -> None:
    """An item that is masked for a learner is never listed for her, whatever it scores."""
    test = case.planted.test
    eligible = (np.arange(len(test.learners))[:, None] + case.items) % 3 == 0
    for recommendations, row in zip(recommend(_ByAffinity(), _affinities(case, eligible), 50), eligible, strict=True):
        listed = case.planted.catalog.indices([one.item for one in recommendations])
        if not row[listed].all():
            raise LawBroken(f"item {listed[~row[listed]][0]} was masked and is listed all the same")
        demand(len(listed) == row.sum(), f"{len(listed)} items are listed, {row.sum()} are eligible")


class _ByAffinity:
    """The plainest policy there is: the score itself."""

    def propensities(self, situation: Situation) -> FloatArray:
        share: FloatArray = situation.eligible / np.maximum(situation.eligible.sum(axis=1, keepdims=True), 1)
        return share

    def score(self, situation: Situation) -> FloatArray:
        return np.where(situation.eligible, situation.affinity, -np.inf)


def _affinities(case: RecommenderCase, eligible: BoolArray) -> Situation:
    test = case.planted.test
    learners, wanted = len(test.learners), np.ones((len(test.learners), len(case.planted.catalog.skills)))
    return Situation(
        catalog=case.planted.catalog,
        items=case.items,
        eligible=eligible,
        at=np.zeros(learners),
        minutes_left=np.full(learners, np.inf),
        requirement=Requirement(wanted, wanted),
        recommender=case.recommender,
        histories=test,
    )


def _folds_in(model: Recommender) -> bool:
    """Whether it folds in, and still holds what it was trained to."""
    return isinstance(model, FoldsIn) and model.trained is not None


def _unseen(case: RecommenderCase, positive: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Scores, centred per learner, and labels of the items that are not in the learner's history."""
    test = case.planted.test
    seen = np.zeros(case.scores.shape, dtype=bool)
    seen[test.owner, test.item] = True
    centred = case.scores - case.scores.mean(axis=1, keepdims=True)
    return centred[~seen], positive[~seen]


RECOMMENDER_LAWS: Final[tuple[Law[RecommenderCase], ...]] = (
    Law(finite),
    Law(aligned),
    Law(strangers_served),
    Law(history_not_name),
    Law(batch_partners_irrelevant),
    Law(asking_changes_nothing),
    Law(same_seed_same_numbers, fits=lambda case: case.make is not None),
    Law(save_and_load_change_nothing, fits=lambda case: case.reload is not None),
    Law(twin_gives_the_same_scores, fits=lambda case: case.twin is not None),
    Law(planted_found),
    Law(blocks_found, fits=lambda case: case.personal),
    Law(folding_in_agrees, fits=lambda case: case.make is not None and _folds_in(case.recommender)),
    Law(masked_never_listed),
)


def check_recommender(
    make: Callable[[], Recommender],
    *,
    reload: Callable[[Any], Recommender] | None = reloaded,
    twin: Callable[[Any], Recommender] | None = None,
    tolerance: float = 1e-5,
) -> None:
    """Hold a recommender to every law that fits; LawBroken lists those it breaks. Arguments as in `check_tracer`."""
    hold(RECOMMENDER_LAWS, RecommenderCase(make, reload=reload, twin=twin, tolerance=tolerance))
