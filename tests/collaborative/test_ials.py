import numpy as np
import pytest

from collaborative.logs import log, random_log
from lernpfad.collaborative.ials import IALS
from lernpfad.core import NotFittedError
from lernpfad.core.laws import reloaded


def loss(model, train, learners):
    """The loss as it is written, cell by cell."""
    items = model.items_.astype(np.float64)
    taken, declined = np.zeros((2, len(learners), len(items)))
    taken[train.owner[train.accepted], train.item[train.accepted]] = 1
    declined[train.owner, train.item] = 1
    declined *= 1 - taken
    scores = learners @ items.T
    fit = (taken * (scores - 1) ** 2 + (model.declined * declined + model.unobserved) * scores**2).sum()
    of_learners = (taken.sum(axis=1) + model.unobserved * len(items)) ** model.nu
    of_items = (taken.sum(axis=0) + model.unobserved * len(learners)) ** model.nu
    return fit + model.regularization * (of_learners @ (learners**2).sum(axis=1) + of_items @ (items**2).sum(axis=1))


def test_folding_in_by_hand():
    model = IALS(factors=1, regularization=0.5, unobserved=0.2, nu=1.0, declined=3.0)
    model.items_, model.share_ = np.array([[1.0], [2.0], [0.5]], dtype=np.float32), np.zeros(3)
    # took 0 and 1, declined 2: 1 + 4 + 3 (.25) + .2 (5.25) + .5 (2 + .2 * 3) = 8.1; right side 1 + 2
    history = log([0, 1, 2], items=3, accepted=[1, 1, 0])
    np.testing.assert_allclose(model.fold_in(history), [[3 / 8.1]], rtol=1e-6)
    np.testing.assert_allclose(model.score(history, np.array([2, -1])), [[0.5 * 3 / 8.1, 0]], rtol=1e-6)


@pytest.mark.parametrize("nu", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("declined", [0.0, 0.7])
def test_both_sides_end_where_the_loss_is_lowest(nu, declined):
    train = random_log(learners=40, items=10, declined=0.3)
    model = IALS(factors=3, regularization=0.1, nu=nu, declined=declined, iterations=300).fit(train)
    learners = model.trained.astype(np.float64)
    here, rng = loss(model, train, learners), np.random.default_rng(0)
    for _ in range(20):
        assert loss(model, train, learners + 1e-2 * rng.normal(size=learners.shape)) > here
        moved = reloaded(model)
        moved.items_ = model.items_ + 1e-2 * rng.normal(size=model.items_.shape)
        assert loss(moved, train, learners) > here


def test_with_an_even_penalty_it_is_what_implicit_finds():
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits

    train = random_log(learners=60, items=15)
    taken = np.zeros((60, 15), dtype=np.float32)
    taken[train.owner, train.item] = 1
    ours = IALS(factors=2, regularization=0.2, unobserved=0.25, nu=0.0, iterations=400).fit(train)
    # (s - 1)^2 + u s^2 = (1 + u) (s - 1/(1 + u))^2 + a constant: theirs has ones for 1/(1 + u)
    with threadpool_limits(1, "blas"):
        theirs = AlternatingLeastSquares(
            factors=2, regularization=0.2 / 0.25, iterations=400, num_threads=1, random_state=0
        )
        theirs.fit(csr_matrix(taken * 1.25 / 0.25), show_progress=False)
    some = train.lengths > 0
    mine, other = ours.score(train, np.arange(15))[some], (theirs.user_factors @ theirs.item_factors.T)[some]
    assert np.corrcoef(mine.ravel(), other.ravel())[0, 1] > 0.99


def test_listeners_hear_that_the_sweeps_settle():
    heard = []
    model = IALS(factors=3, iterations=30)
    model.listeners = [lambda sweep, metrics: heard.append((sweep, metrics["train/change"]))]
    model.fit(random_log(learners=60, items=15))
    assert [sweep for sweep, _ in heard] == list(range(30))
    assert heard[-1][1] < 0.1 * heard[0][1]


def test_who_took_nothing_known_gets_popularity():
    model = IALS(factors=2).fit(log([0, 1], [1]))
    strangers = model.score(log([], [-1, 7], [2], items=8, accepted=[1, 1, 0]), np.array([1, 0, -1, 9]))
    np.testing.assert_allclose(strangers, [[1.0, 0.5, 0, 0]] * 3)


def test_asked_before_fit():
    with pytest.raises(NotFittedError, match="IALS has not been fitted"):
        IALS().score(log([0]), np.arange(4))
