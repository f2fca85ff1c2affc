import numpy as np
import pytest
from scipy.optimize import minimize

from collaborative.logs import log, random_log
from lernpfad.collaborative.bpr import BPR
from lernpfad.collaborative.foldin import Surface, lowest
from lernpfad.collaborative.lmf import LMF
from lernpfad.collaborative.negatives import Negatives
from lernpfad.core import NotFittedError, Sequences
from lernpfad.core.laws import reloaded

ITEMS = 12
KINDS = [BPR, LMF]
both = pytest.mark.parametrize("kind", KINDS)


def with_items(model, *, seed=0, width):
    """A model whose items' factors are given, not fitted."""
    rng = np.random.default_rng(seed)
    model.items_ = rng.normal(size=(ITEMS, width)).astype(np.float32)
    model.bias_ = rng.normal(size=ITEMS).astype(np.float32)
    model.share_ = np.linspace(0.9, 0.1, ITEMS)
    return model


def softplus(x):
    return np.logaddexp(0, x)


def bpr_loss(model, taken, declined, w):
    scores = model.items_ @ w + model.bias_
    others = Negatives.of(model.share_, model.negatives)
    loss = 0.5 * (len(taken) * model.regularization + 1 / (model.learning_rate * model.iterations)) * w @ w
    for i in taken:
        for j, chance in zip(others.item, others.chance, strict=True):
            if j not in taken and j not in declined:
                loss += chance * softplus(scores[j] - scores[i])
        loss += sum(model.declined / len(taken) * softplus(scores[j] - scores[i]) for j in declined)
    return loss


def lmf_loss(model, taken, declined, w):
    scores = model.items_ @ w + model.bias_
    others = Negatives.of(model.share_, model.negatives)
    drawn = min(len(taken) * model.neg_prop, model.factors + 2)
    loss = 0.5 * model.regularization * w @ w
    loss += model.alpha * softplus(-scores[taken]).sum() + model.declined * softplus(scores[declined]).sum()
    return loss + drawn * others.chance @ softplus(scores[others.item])


@pytest.mark.parametrize(
    ("model", "loss"),
    [(with_items(BPR(3, declined=0.7), width=3), bpr_loss), (with_items(LMF(3, declined=0.7), width=4), lmf_loss)],
)
def test_folding_in_finds_what_a_general_minimiser_finds(model, loss):
    histories = log([0, 3, 5, 7], [2], [4, 1, 8], items=ITEMS, accepted=np.array([1, 1, 0, 1, 1, 1, 0, 0]))
    said = [([0, 3, 7], [5]), ([2], []), ([4], [1, 8])]
    found = model.fold_in(histories)
    for w, (taken, declined) in zip(found, said, strict=True):
        best = minimize(lambda at: loss(model, taken, declined, at), np.zeros(len(w)), tol=1e-10)  # noqa: B023
        np.testing.assert_allclose(w, best.x, atol=1e-4)


@both
def test_declined_offers_push_down(kind):
    model = with_items(kind(3), width=3 if kind is BPR else 4)
    plain = model.score(log([0, 3], items=ITEMS), np.array([5]))
    declined = model.score(log([0, 5, 3], items=ITEMS, accepted=[1, 0, 1]), np.array([5]))
    assert declined < plain - 0.1
    deaf = with_items(kind(3, declined=0.0), width=3 if kind is BPR else 4)
    np.testing.assert_allclose(deaf.score(log([0, 3], items=ITEMS), np.array([5])), plain)


@both
def test_a_row_does_not_depend_on_the_batch(kind):
    train = random_log(learners=80, items=30, declined=0.2)
    model = kind(4, iterations=20).fit(train)
    together = model.score(train, np.arange(30))
    for j in (0, 17, 79):
        np.testing.assert_allclose(model.score(train.select([j]), np.arange(30))[0], together[j], atol=1e-5)


@both
def test_same_seed_same_bits_and_another_seed_other_bits(kind):
    train = random_log(learners=60, items=15)
    one = kind(4, iterations=5, seed=1).fit(train)
    np.testing.assert_array_equal(kind(4, iterations=5, seed=1).fit(train).items_, one.items_)
    assert (kind(4, iterations=5, seed=2).fit(train).items_ != one.items_).any()


@both
def test_what_it_was_trained_to_stays_in_memory(kind):
    train = random_log(learners=60, items=15)
    model = kind(4, iterations=5).fit(train)
    assert len(model.trained) == 60
    twin = reloaded(model)
    assert twin.trained is None
    np.testing.assert_array_equal(twin.score(train, np.arange(15)), model.score(train, np.arange(15)))


@both
def test_listeners_hear_every_sweep(kind):
    heard = []
    model = kind(4, iterations=3)
    model.listeners = [lambda epoch, metrics: heard.append(epoch)]
    model.fit(random_log(learners=60, items=15))
    assert heard == [0, 1, 2]


@both
def test_who_took_nothing_known_gets_popularity(kind):
    train = random_log(learners=60, items=15)
    strangers = log([], [-1, 20], [2], items=25, accepted=[1, 1, 0])
    model = kind(4, iterations=5).fit(train)
    expected = np.append(model.share_[[1, 0]], [0, 0])
    np.testing.assert_allclose(model.score(strangers, np.array([1, 0, -1, 20])), [expected] * 3, rtol=1e-6)


@both
def test_a_long_history_is_folded_in(kind):
    items = 900
    model = kind(3)
    rng = np.random.default_rng(0)
    model.items_ = rng.normal(size=(items, 3 if kind is BPR else 4)).astype(np.float32)
    model.bias_ = np.zeros(items, dtype=np.float32)
    model.share_ = np.full(items, 0.1)
    likes = np.flatnonzero(model.items_[:, 0] > 0.1)
    w = model.fold_in(log(likes, items=items))[0]
    assert w[0] > 2 * np.abs(w[1:3]).max()


@both
def test_asked_before_fit(kind):
    with pytest.raises(NotFittedError, match=f"{kind.__name__} has not been fitted"):
        kind().score(log([0]), np.arange(4))


def test_alike_items_point_the_same_way():
    model = with_items(BPR(3), width=3)
    model.items_[4], model.items_[5] = 2 * model.items_[3], 0.0
    alike = model.similar(np.array([3, -1]))
    np.testing.assert_allclose(alike[0, [3, 4, 5]], [1, 1, 0], atol=1e-6)
    np.testing.assert_array_equal(alike[1], 0)


def test_negatives_stand_for_the_interactions():
    others = Negatives.of(np.array([0.5, 0.0, 0.3, 0.2]), 10)
    assert dict(zip(others.item.tolist(), others.chance.tolist(), strict=True)) == {0: 0.5, 2: 0.3, 3: 0.2}
    few = Negatives.of(np.linspace(1, 0.01, 500), 20)
    assert len(few.item) == 20
    np.testing.assert_allclose(few.chance.sum(), 1)
    assert len(Negatives.of(np.zeros(3), 5).item) == 0


def test_a_step_that_climbs_is_halved():
    def steep(x):
        """sqrt(1 + x^2), on which Newton's method by itself runs away from anywhere beyond 1."""
        root = np.sqrt(1 + x[:, 0] ** 2)
        return Surface(root, x / root[:, None], root[:, None, None] ** -3)

    np.testing.assert_allclose(lowest(steep, np.array([[3.0], [0.1]]), steps=60), 0, atol=1e-5)


def test_an_empty_log_is_no_reason_to_fail():
    histories = Sequences.empty(log([0]).catalog, 2)
    for kind in KINDS:
        assert np.isfinite(kind(2, iterations=1).fit(log([0, 1], [1])).score(histories, np.arange(4))).all()


@both
def test_a_log_in_which_all_was_declined_is_none_either(kind):
    declined = log([0, 1], [2], accepted=[0, 0, 0])
    model = kind(4, iterations=2).fit(declined)
    np.testing.assert_array_equal(model.score(declined, np.arange(4)), np.zeros((2, 4)))
