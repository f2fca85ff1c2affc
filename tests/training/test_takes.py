"""Windows of takes, what comes next in them, and what is held out."""

from dataclasses import replace

import numpy as np
import pytest

from lernpfad.core import Catalog, Sequences
from lernpfad.core.events import Seen, last_events
from lernpfad.training.nextitem import _found
from lernpfad.training.takes import LaterTakes, TakeWindows

CATALOG = Catalog.of([f"i{n}" for n in range(9)], [], [()] * 9)


def logs(*histories, accepted=None):
    item = np.concatenate([np.asarray(one, dtype=np.int64) for one in histories])
    names, lengths = [f"l{j}" for j in range(len(histories))], [len(one) for one in histories]
    return Sequences.of(CATALOG, names, lengths, item, np.full(len(item), -1), accepted=accepted)


def windows(histories, **seen):
    data = TakeWindows(histories, Seen(9, **{"window": 3, **seen}))
    return [tuple(part.numpy().tolist()[0] for part in data[np.array([n])]) for n in range(len(data.lengths))]


def test_a_short_history_is_one_window():
    assert windows(logs([4, 5, 6])) == [([4, 5], [True, True], [4, 5, 6])]


def test_a_single_take_is_asked_from_nothing():
    (item, _, wanted), *others = windows(logs([4]))
    assert (item, wanted, others) == ([], [4], [])


def test_every_take_of_a_long_history_is_asked_once():
    found = windows(logs([0, 1, 2, 3, 4, 5, 6, 7]))
    assert [item for item, _, _ in found] == [[0], [1, 2, 3], [4, 5, 6]]
    assert [wanted for _, _, wanted in found] == [[0, 1], [-1, 2, 3, 4], [-1, 5, 6, 7]]


@pytest.mark.parametrize("length", range(1, 12))
def test_no_take_is_lost_or_doubled(length):
    asked = [one for _, _, wanted in windows(logs(list(np.arange(length) % 9))) for one in wanted if one >= 0]
    assert asked == (np.arange(length) % 9).tolist()


def test_unknown_items_and_declined_offers_are_left_out():
    accepted = np.array([True, False, True, True])
    assert windows(logs([4, 5, -1, 6], accepted=accepted), window=8) == [([4], [True], [4, 6])]


def test_declined_offers_are_read_where_wanted_and_never_asked():
    accepted = np.array([True, False, True, False])
    (one,) = windows(logs([4, 5, 6, 7], accepted=accepted), window=8, declined=True)
    assert one == ([4, 5, 6], [True, False, True], [4, 6, 6, -1])


def test_batches_pad_on_the_right():
    batch = TakeWindows(logs([4, 5, 6], [7, 8]), Seen(9, window=3))[np.array([0, 1])]
    assert batch.item.tolist() == [
        [4, 5],
        [7, 8],
    ]  # 8 is shown, as the other is longer; it asks nothing
    assert batch.wanted.tolist() == [[4, 5, 6], [7, 8, -1]]


def test_the_last_events():
    accepted = np.array([True, True, False, True, True])
    item, taken = last_events(logs([1, 2, 3, 4], [5], accepted=accepted), np.array([0, 1]), Seen(9, window=2))
    assert item.tolist() == [[2, 4], [5, -1]]
    assert taken.tolist() == [[True, True], [True, False]]


def later(histories, scored=None):
    extra = {} if scored is None else {"scored": np.array(scored)}
    data = LaterTakes(replace(histories, extra=extra), Seen(9, window=3))
    return [(d.item.tolist()[0], d.later.tolist()[0]) for d in (data[np.array([n])] for n in range(len(data.lengths)))]


def test_the_last_take_is_held_out_where_nothing_is_said():
    assert later(logs([1, 2, 3], [4])) == [([1, 2], [3]), ([-1], [4])]


def test_what_is_scored_is_held_out():
    assert later(logs([1, 2, 3, 4]), [False, False, True, True]) == [([1, 2], [3, 4])]


def test_of_whole_histories_the_last_take_is_asked():
    assert later(logs([1, 2, 3]), [True, True, True]) == [([1, 2], [3])]


def test_what_was_taken_before_is_not_asked_again():
    assert later(logs([1, 2, 1]), [False, False, True]) == []


def test_so_many_learners_are_enough():
    many = logs(*[[n % 9, (n + 1) % 9] for n in range(20)])
    some, again = (LaterTakes(many, Seen(9, window=3), most=5) for _ in range(2))
    assert len(some.lengths) == 5
    everybody = np.arange(5)
    assert some[everybody].item.tolist() == again[everybody].item.tolist()


def test_ndcg_by_hand():
    import torch

    scores = torch.tensor([[0.9, 0.5, 0.5, 0.5, 0.1], [5.0, 4.0, 3.0, 2.0, 1.0]])
    ndcg, hit = _found(scores, torch.tensor([[2, -1], [0, 2]]))
    best = 1 + 1 / np.log2(3)
    assert ndcg.numpy() == pytest.approx([1 / np.log2(4), (1 + 1 / np.log2(4)) / best])  # the tie stands in the middle
    assert hit.tolist() == [1.0, 1.0]
