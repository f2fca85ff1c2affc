import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lernpfad.core import Catalog, Interactions, Sequences
from lernpfad.simulate.ledger import EXTRA, Ledger, unwritten

CATALOG = Catalog.of(["a", "b", "c"], ["s"], [[0], [0], [0]])
NAMES = np.array(["ada", "bo", "cem"])


def page(items: list[int], *, at: float) -> Interactions:
    count = len(items)
    return Interactions(
        item=np.array(items),
        outcome=np.ones(count, dtype=np.int8),
        accepted=np.ones(count, dtype=bool),
        minutes=np.full(count, 2.0),
        time=np.full(count, at),
    )


def write(ledger: Ledger, learners: list[int], items: list[int], *, at: float) -> None:
    extra = dict.fromkeys(EXTRA, 1)
    ledger.write(np.array(learners, dtype=np.int64), page(items, at=at), **extra)


def past() -> Sequences:
    return Sequences.of(
        CATALOG, NAMES, [2, 0, 1], np.array([0, 1, 2]), np.array([1, 0, 1]), time=np.array([1.0, 2.0, 1.0])
    )


def test_new_rows_follow_the_past_of_their_learner() -> None:
    ledger = Ledger(past())
    write(ledger, [2, 0], [1, 2], at=10.0)
    write(ledger, [1, 2], [0, 0], at=20.0)
    everybody = ledger.histories(np.arange(3))
    assert everybody.offsets.tolist() == [0, 3, 4, 7]
    assert everybody.item.tolist() == [0, 1, 2, 0, 2, 1, 0]
    assert everybody.time.tolist() == [1, 2, 10, 20, 1, 10, 20]
    some = ledger.histories(np.array([2, 0]))
    assert some.learners.tolist() == ["cem", "ada"]
    assert some.item.tolist() == [2, 1, 0, 0, 1, 2]
    log = ledger.log()
    assert log.item.tolist() == [2, 0, 1, 0]
    assert set(log.extra) == set(EXTRA)


def test_nothing_written_is_an_empty_log() -> None:
    assert len(Ledger(past()).log()) == 0
    assert len(Ledger(unwritten(CATALOG, NAMES)).histories(np.array([1]))) == 0


@given(st.lists(st.sets(st.integers(0, 2)), max_size=12), st.integers(0, 12))
def test_settling_changes_nothing_that_can_be_seen(pages: list[set[int]], settled: int) -> None:
    plain, tidy = Ledger(past()), Ledger(past())
    for place, learners in enumerate(pages):
        if place == settled:
            tidy.settle()
        for ledger in (plain, tidy):
            write(ledger, sorted(learners), [place % 3] * len(learners), at=10.0 + place)
    for ask in (lambda ledger: ledger.histories(np.array([1, 2])), Ledger.log):
        one, other = ask(plain), ask(tidy)
        np.testing.assert_array_equal(one.offsets, other.offsets)
        np.testing.assert_array_equal(one.item, other.item)
        np.testing.assert_array_equal(one.time, other.time)
    rows = [[10.0 + place for place, learners in enumerate(pages) if j in learners] for j in range(3)]
    np.testing.assert_array_equal(plain.log().time, np.concatenate([np.asarray(row, dtype=float) for row in rows]))
