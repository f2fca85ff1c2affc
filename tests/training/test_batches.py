from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lernpfad.training.batches import Buckets, Histories, buckets, loader, targets
from training.tiny import ragged


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.integers(1, 200))
def test_buckets_hold_everybody_once_within_the_budget(lengths: list[int], budget: int) -> None:
    groups = buckets(np.array(lengths), budget)
    assert sorted(np.concatenate(groups).tolist()) == list(range(len(lengths)))
    for group in groups:
        assert len(group) == 1 or len(group) * max(lengths[j] for j in group) <= budget


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.integers(1, 200), st.integers(0, 5))
def test_shuffled_buckets_hold_everybody_once_and_are_always_as_many(
    lengths: list[int], budget: int, epoch: int
) -> None:
    groups = Buckets(np.array(lengths), budget, seed=3)
    groups.set_epoch(epoch)
    assert sorted(np.concatenate(list(groups)).tolist()) == list(range(len(lengths)))
    assert len(groups) == len(buckets(np.array(lengths), budget))


def test_little_is_padded() -> None:
    lengths = np.random.default_rng(0).integers(3, 200, 2000)
    for groups in (buckets(lengths, 4096), buckets(lengths, 4096, np.random.default_rng(1))):
        padded = sum(len(group) * lengths[group].max() for group in groups)
        assert lengths.sum() > 0.85 * padded


def test_the_order_is_a_matter_of_seed_and_epoch_alone() -> None:
    lengths = np.random.default_rng(0).integers(3, 30, 200)

    def order(seed: int, epoch: int) -> list[int]:
        groups = Buckets(lengths, 256, seed=seed)
        groups.set_epoch(epoch)
        return np.concatenate(list(groups)).tolist()

    assert order(0, 3) == order(0, 3)
    assert order(0, 3) != order(0, 4)
    assert order(0, 3) != order(1, 3)


def test_a_batch_by_hand() -> None:
    """Learner 0 accepts, declines and accepts again; learner 1 has one row."""
    logs = ragged([3, 1])
    logs = replace(
        logs,
        item=np.array([0, 1, 2, 3]),
        outcome=np.array([1, -1, 0, -1], dtype=np.int8),
        accepted=np.array([True, False, True, True]),
    )
    batch = Histories(logs)[np.array([0, 1])]
    assert batch.item.tolist() == [[0, 2], [3, -1]]
    assert batch.outcome.tolist() == [[1, 0], [-1, -1]]
    assert batch.asked.tolist() == [[0, 1, 2], [3, -1, -1]]
    assert batch.before.tolist() == [[0, 1, 1], [0, 0, 0]]
    assert batch.answer.tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert batch.scored.tolist() == [[True, False, True], [False, False, False]]
    assert Histories(logs).rows(np.array([1, 0])).tolist() == [[3, -1, -1], [0, 1, 2]]


def test_what_was_known_is_what_came_before_the_question() -> None:
    import torch

    logs = ragged([5, 0, 9, 2], declined=0.5)
    batch = Histories(logs)[np.arange(4)]
    after = torch.arange(1.0, batch.item.shape[1] + 1).expand(4, -1).unsqueeze(-1)
    known = batch.known(after, start=torch.zeros(1)).squeeze(-1).numpy()
    for j in range(4):
        took = logs.select(np.array([j])).accepted
        expected = np.concatenate([[0], np.cumsum(took)])[: len(took)]
        np.testing.assert_array_equal(known[j, : len(took)], expected)


def test_only_learners_with_something_to_predict_are_loaded() -> None:
    logs = ragged([4, 6, 0, 3], declined=0.0)
    logs = logs.with_outcome(np.where(logs.owner == 1, -1, np.maximum(logs.outcome, 0)))
    batches = list(loader(logs, 100))
    assert sum(int(batch.scored.sum()) for batch in batches) == 7
    assert sum(len(batch.item) for batch in batches) == 2


def test_a_scored_column_narrows_the_targets() -> None:
    logs = ragged([6, 6])
    late = replace(logs, extra={"scored": logs.position > 2})
    np.testing.assert_array_equal(targets(late), logs.assessed & (logs.position > 2))
