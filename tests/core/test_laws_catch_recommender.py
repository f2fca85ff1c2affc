"""Faults planted in an honest recommender, each seen to be caught by the law it breaks."""

from itertools import count

import numpy as np
import pytest

from lernpfad.core import LawBroken
from lernpfad.core.laws import RECOMMENDER_LAWS, RecommenderCase, check_recommender, planted_take_up, that_fit
from lernpfad.core.laws.measure import reloaded
from lernpfad.core.persist import require_fitted

PLANTED = planted_take_up(learners=120)
BY_NAME = {law.name: law for law in RECOMMENDER_LAWS}


class Neighbours:
    """Cosine between items; a history is the sum of its items, and these sums are its factors."""

    def __init__(self, damping=1.0):
        self.damping = damping
        self.trained = None

    def fit(self, train, valid=None):
        table = self.table(train, len(train.catalog))
        size = table.sum(axis=0) + self.damping
        self.alike_ = table.T @ table / np.sqrt(np.outer(size, size))
        np.fill_diagonal(self.alike_, 0.0)
        self.trained = table
        return self

    def table(self, histories, items):
        table = np.zeros((len(histories.learners), items))
        rows = histories.accepted & (histories.item >= 0)
        table[histories.owner[rows], histories.item[rows]] = 1.0
        return table

    def fold_in(self, histories):
        return self.table(histories, len(self.alike_))

    def affinity(self, factors, items):
        return (factors @ self.alike_)[:, items]

    def score(self, histories, items):
        require_fitted(self)
        return self.affinity(self.fold_in(histories), items)


class Misaligned(Neighbours):
    """Gives the first scores, whatever was asked for."""

    def score(self, histories, items):
        return super().score(histories, np.arange(len(items)))


class Sorted(Neighbours):
    """Answers in catalog order."""

    def score(self, histories, items):
        return super().score(histories, np.sort(items))


class Dividing(Neighbours):
    """Normalises by the length of the history, also when that is zero."""

    def score(self, histories, items):
        with np.errstate(invalid="ignore"):
            return super().score(histories, items) / histories.lengths[:, None]


class Undefined(Neighbours):
    def score(self, histories, items):
        return np.where(super().score(histories, items) < 1, -np.inf, super().score(histories, items))


class OneRow(Neighbours):
    def score(self, histories, items):
        return super().score(histories, items)[0]


class ById(Neighbours):
    """Looks trained learners up by name."""

    def fit(self, train, valid=None):
        super().fit(train, valid)
        self.names_ = train.learners
        return self

    def score(self, histories, items):
        return super().score(histories, items) + np.isin(histories.learners, self.names_)[:, None] * items


class ByRow(Neighbours):
    """Takes the row in the batch for the row in training."""

    def fit(self, train, valid=None):
        super().fit(train, valid)
        self.lift_ = np.random.default_rng(0).normal(size=(len(train.learners), len(train.catalog)))
        return self

    def score(self, histories, items):
        return super().score(histories, items) + self.lift_[: len(histories.learners)][:, items]


class Ranked(Neighbours):
    """Scales by the whole batch."""

    def score(self, histories, items):
        scores = super().score(histories, items)
        return scores / max(scores.max(initial=0.0), 1e-9)


class Noisy(Neighbours):
    numbers = count()

    def score(self, histories, items):
        return super().score(histories, items) + 1e-9 * next(self.numbers) * items


class Unseeded(Neighbours):
    numbers = count()

    def fit(self, train, valid=None):
        super().fit(train, valid)
        self.alike_ = self.alike_ * (1 + 1e-3 * next(self.numbers))
        return self


class WarmStarted(Neighbours):
    def fit(self, train, valid=None):
        before = getattr(self, "alike_", 0.0)
        super().fit(train, valid)
        self.alike_ = self.alike_ + before
        return self


class Unsaved(Neighbours):
    def fit(self, train, valid=None):
        super().fit(train, valid)
        self.lift = 2.0
        return self

    def score(self, histories, items):
        return super().score(histories, items) * getattr(self, "lift", 1.0)


class Contrary(Neighbours):
    """Lower is better: a sign lost on the way."""

    def affinity(self, factors, items):
        return -super().affinity(factors, items)


class ByLength(Neighbours):
    """Personal in appearance only: popularity, times the length of the history."""

    def score(self, histories, items):
        return histories.lengths[:, None] * self.alike_.sum(axis=0)[items]


class HalfFolded(Neighbours):
    """Folds in every second row: a stride too many."""

    def fold_in(self, histories):
        return super().fold_in(histories.where(histories.position % 2 == 0))


class NextRow(Neighbours):
    """Scores by the factors of the learner before: an offset lost."""

    def fit(self, train, valid=None):
        super().fit(train, valid)
        self.trained = np.roll(self.trained, 1, axis=0)
        return self


class TooFew(Neighbours):
    def fit(self, train, valid=None):
        super().fit(train, valid)
        self.trained = self.trained[1:]
        return self


class Insisting(Neighbours):
    """A score that no mask removes."""

    def score(self, histories, items):
        return np.where(items == 0, np.nan, super().score(histories, items))


def rounded(recommender):
    """An exported form that has lost some digits."""

    class Rounded(type(recommender)):
        def score(self, histories, items):
            return np.round(super().score(histories, items), 1)

    twin = reloaded(recommender)
    twin.__class__ = Rounded
    return twin


FAULTS = [
    (Undefined, "finite", r"\d+ of \d+ scores are not finite"),
    (OneRow, "finite", r"score gave shape \(40,\), expected \[learners, items\] = \(60, 40\)"),
    (Misaligned, "aligned", "scores of reversed items: .* differ"),
    (Sorted, "aligned", "scores of reversed items: .* differ"),
    (Dividing, "strangers_served", "a learner with no history at all got a score that is not finite"),
    (ById, "history_not_name", "scores of trained learners under other names"),
    (ByRow, "history_not_name", "scores of trained learners in other rows"),
    (Ranked, "batch_partners_irrelevant", "scores of learner 0 alone"),
    (Noisy, "asking_changes_nothing", "scores asked for again"),
    (Unseeded, "same_seed_same_numbers", "scores of a second recommender"),
    (WarmStarted, "same_seed_same_numbers", "fit must start afresh"),
    (Unsaved, "save_and_load_change_nothing", "scores after save and load"),
    (Neighbours, "twin_gives_the_same_scores", "scores of test learners by the exported twin"),
    (Contrary, "planted_found", r"AUC 0\.[0-4]\d\d of hidden items against those never taken, expected at least 0\.55"),
    (ByLength, "blocks_found", r"AUC 0\.[45]\d\d of items of the learner's own block against others"),
    (HalfFolded, "folding_in_agrees", r"correlation 0\.[5-8]\d\d of personal ranks by folding in"),
    (NextRow, "folding_in_agrees", r"correlation -?0\.0\d\d of personal ranks by folding in"),
    (TooFew, "folding_in_agrees", "trained has 119 rows, expected one for each training learner"),
    (Insisting, "masked_never_listed", r"\d+ items are listed, 1\d are eligible"),
]


@pytest.mark.parametrize(("fault", "law", "words"), FAULTS, ids=[f"{law}-{fault.__name__}" for fault, law, _ in FAULTS])
def test_the_law_catches_the_fault(fault, law, words):
    case = RecommenderCase(fault, planted=PLANTED, twin=rounded if fault is Neighbours else None)
    assert BY_NAME[law] in that_fit(RECOMMENDER_LAWS, case)
    with pytest.raises(LawBroken, match=words) as caught:
        BY_NAME[law](case)
    assert str(caught.value).startswith(f"{fault.__name__} breaks {law}: ")
    assert "\n" not in str(caught.value)


def test_every_law_has_caught_something():
    assert {law for _, law, _ in FAULTS} == set(BY_NAME)


def test_an_honest_recommender_keeps_every_law():
    check_recommender(Neighbours, twin=reloaded)
    assert that_fit(RECOMMENDER_LAWS, RecommenderCase(Neighbours, planted=PLANTED, twin=reloaded)) == RECOMMENDER_LAWS


def test_check_recommender_names_every_broken_law():
    with pytest.raises(LawBroken) as caught:
        check_recommender(Contrary)
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [
        "Contrary breaks planted_found",
        "Contrary breaks blocks_found",
    ]


def test_popularity_is_not_asked_for_blocks():
    class Popular(Neighbours):
        def score(self, histories, items):
            return np.broadcast_to(self.alike_.sum(axis=0)[items], (len(histories.learners), len(items)))

    names = {law.name for law in that_fit(RECOMMENDER_LAWS, RecommenderCase(Popular, planted=PLANTED))}
    assert "planted_found" in names
    assert "blocks_found" not in names
