"""Faults planted in honest histories and splits, each seen to be caught, with the row named."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from lernpfad.core import LawBroken, Sequences
from lernpfad.core.laws import (
    SEQUENCE_LAWS,
    SPLIT_LAWS,
    SequencesCase,
    check_sequences,
    check_split,
    planted_answers,
)

PLANTED = planted_answers(learners=40)
LOG = PLANTED.train
BY_NAME = {law.name: law for law in (*SEQUENCE_LAWS, *SPLIT_LAWS)}


def changed(column, row, value):
    values = getattr(LOG, column).copy()
    values[row] = value
    return replace(LOG, **{column: values})


def twice(row):
    """The log with one row repeated."""
    rows = np.sort(np.append(np.arange(len(LOG)), row))
    lengths = LOG.lengths + (np.arange(len(LOG.learners)) == LOG.owner[row])
    return again(LOG, rows, lengths)


def again(log, rows, lengths):
    return Sequences.of(
        log.catalog,
        log.learners,
        lengths,
        log.item[rows],
        log.outcome[rows],
        accepted=log.accepted[rows],
        minutes=log.minutes[rows],
        time=log.time[rows],
    )


def expanded():
    """One row per answer and skill, as some public logs have it, in order but without a clock."""
    skills = np.maximum((LOG.catalog.skills_of(LOG.item) >= 0).sum(axis=-1), 1)
    rows = np.repeat(np.arange(len(LOG)), skills)
    lengths = np.bincount(LOG.owner, weights=skills, minlength=len(LOG.learners)).astype(int)
    log = again(LOG, rows, lengths)
    return replace(log, time=log.position.astype(float))


DECLINED = int(np.flatnonzero(~LOG.accepted)[0])
FAULTS = [
    ("columns_in_range", changed("item", 3, 24), r"row 3 \(learner 'train-0', item 24, time 17\d+\) names an item"),
    ("columns_in_range", changed("outcome", 5, 2), "row 5 .* has an outcome that is not -1, 0 or 1; 1 such rows"),
    ("columns_in_range", changed("outcome", DECLINED, 1), f"row {DECLINED} .* was declined and has an outcome all"),
    ("columns_in_range", changed("minutes", 0, -1), "row 0 .* has minutes that are negative"),
    ("columns_in_range", changed("time", 2, np.nan), "row 2 .* has a time that is not finite"),
    (
        "learners_once",
        replace(LOG, learners=np.where(np.arange(40) == 3, "train-9", LOG.learners)),
        "learner 'train-9' has 2 histories, expected one",
    ),
    (
        "sorted_in_time",
        changed("time", 7, LOG.time[6] - 1),
        r"row 7 \(learner 'train-0', item '.*', time \d+\) is earlier than the row before it",
    ),
    (
        "one_row_per_offer",
        twice(11),
        r"row 12 \(learner 'train-\d', item 'item-\d+', time \d+\) is there twice; 1 such",
    ),
    ("never_expanded", expanded(), r"visits to items with several skills come as one row per skill, as at row \d+"),
]


@pytest.mark.parametrize(("law", "log", "words"), FAULTS, ids=[law for law, _, _ in FAULTS])
def test_the_law_catches_the_fault(law, log, words):
    with pytest.raises(LawBroken, match=f"^log breaks {law}: .*{words}"):
        BY_NAME[law](SequencesCase(log, "log"))


def test_honest_histories_keep_every_law():
    for part in (PLANTED.train, PLANTED.valid, PLANTED.test, PLANTED.probe, Sequences.empty(LOG.catalog, 3)):
        check_sequences(part)


def test_retries_are_not_expansion():
    """Every answer given three times in a row, twice alike: a habit of learners, not of the log."""
    rows = np.repeat(np.arange(len(LOG)), 3)
    log = again(LOG, rows, LOG.lengths * 3)
    check_sequences(replace(log, time=log.position.astype(float)))


def test_check_sequences_names_the_one_law_that_is_broken():
    with pytest.raises(LawBroken) as caught:
        check_sequences(twice(11), name="the log")
    assert str(caught.value).count("the log breaks") == 1


@dataclass(frozen=True)
class Parts:
    train: Sequences
    valid: Sequences
    test: Sequences
    valid_scored: np.ndarray
    test_scored: np.ndarray
    name: str = "by hand"
    cuts: tuple[float, float] | None = None
    cold: bool = False


def parts(train, valid, test):
    return Parts(train, valid, test, np.ones(len(valid), bool), np.ones(len(test), bool))


def by_learner():
    return parts(LOG.select(slice(0, 20)), LOG.select(slice(20, 30)), LOG.select(slice(30, 40)))


def by_time():
    first, second = np.quantile(LOG.time, [0.6, 0.8])
    scored = {"valid_scored": (LOG.time > first) & (LOG.time <= second), "test_scored": LOG.time > second}
    return Parts(LOG.where(LOG.time <= first), LOG, LOG, **scored, cuts=(first, second))


def for_cold_items():
    """Even items train, odd ones are scored."""
    split = by_learner()
    odd = {f"{name}_scored": getattr(split, name).item % 2 == 1 for name in ("valid", "test")}
    return replace(split, train=split.train.where(split.train.item % 2 == 0), **odd, cold=True)


def test_honest_splits_keep_the_laws():
    check_split(by_learner())
    check_split(by_time(), by_learner=False)
    check_split(for_cold_items())


def test_a_learner_on_both_sides_is_caught():
    split = parts(LOG.select(slice(0, 21)), LOG.select(slice(20, 30)), LOG.select(slice(30, 40)))
    with pytest.raises(
        LawBroken, match=r"^split 'by hand' breaks learner_on_one_side: 1 learners are in train and in "
    ):
        check_split(split)


def test_windows_of_one_learner_on_both_sides_are_caught():
    def window(name, who):
        log = LOG.select(np.array(who))
        return replace(
            log, learners=np.array([f"{name}{k}" for k in range(len(who))]), extra={"learner": owners(log, who)}
        )

    def owners(log, who):
        return np.asarray(who)[log.owner]

    check_split(parts(window("a", [0, 1]), window("b", [2]), window("c", [3, 4])))
    with pytest.raises(LawBroken, match="learners are in train and in test, the first is '1'"):
        check_split(parts(window("a", [0, 1]), window("b", [2]), window("c", [3, 1])))


def test_training_on_the_future_is_caught():
    with pytest.raises(
        LawBroken, match=r"breaks no_training_on_the_future: train reaches to .* first scored row of valid"
    ):
        check_split(replace(by_time(), train=LOG), by_learner=False)


def test_a_cut_that_is_not_kept_is_caught():
    first, second = by_time().cuts
    later = replace(by_time(), cuts=(first, second + 1e6))
    with pytest.raises(LawBroken, match=r"breaks cuts_kept: a scored row of test is at .*, not after the cut at"):
        check_split(later, by_learner=False)
    with pytest.raises(LawBroken, match=r"breaks cuts_kept: train reaches to .*, beyond the cut at"):
        check_split(replace(by_time(), cuts=(first - 1e6, second)), by_learner=False)


def test_training_on_a_cold_item_is_caught():
    split = for_cold_items()
    with pytest.raises(
        LawBroken, match=r"breaks cold_items_untrained: \d+ items of scored rows of valid are trained on"
    ):
        check_split(replace(split, train=by_learner().train))


def test_an_empty_side_is_caught():
    with pytest.raises(LawBroken, match="breaks something_on_every_side: valid has 0 rows and none that counts"):
        check_split(parts(LOG.select(slice(0, 20)), LOG.select(slice(0, 0)), LOG.select(slice(20, 40))))


def test_every_split_law_has_caught_something():
    caught = {"learner_on_one_side", "no_training_on_the_future", "something_on_every_side"}
    caught |= {"cuts_kept", "cold_items_untrained"}
    assert caught == {law.name for law in SPLIT_LAWS}
    assert {law for law, _, _ in FAULTS} == {law.name for law in SEQUENCE_LAWS}
