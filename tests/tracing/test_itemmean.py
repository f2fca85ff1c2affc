import numpy as np
import pytest

from lernpfad.core import Catalog, NotFittedError, Sequences
from lernpfad.core.laws import check_tracer
from lernpfad.tracing.itemmean import ItemMean


def test_itemmean_keeps_the_laws() -> None:
    check_tracer(ItemMean)


def test_means_by_hand() -> None:
    catalog = Catalog.of(["a", "b", "c", "d"], ["x", "y"], [[0], [0], [0, 1], []])
    logs = Sequences.of(catalog, ["one"], [4], np.array([0, 0, 0, 1]), np.array([1, 1, 1, 0]))
    model = ItemMean(smoothing=2.0).fit(logs)
    overall = (3 + 1) / (4 + 2)
    skill_x = (3 + 2 * overall) / (4 + 2)
    np.testing.assert_allclose(model.skill_success_, [skill_x, overall])
    expected = [(3 + 2 * skill_x) / 5, (0 + 2 * skill_x) / 3, (skill_x + overall) / 2, overall, overall]
    np.testing.assert_allclose(model.predict(model.start(1), np.array([[0, 1, 2, 3, -1]]), np.zeros(1))[0], expected)
    np.testing.assert_allclose(model.mastery(model.start(2), np.zeros(2))[1], model.skill_success_)


def test_declined_and_unassessed_rows_do_not_count() -> None:
    catalog = Catalog.of(["a"], ["x"], [[0]])
    rows = Sequences.of(
        catalog,
        ["one"],
        [3],
        np.zeros(3, dtype=int),
        np.array([1, -1, -1]),
        accepted=np.array([True, True, False]),
    )
    np.testing.assert_allclose(
        ItemMean().fit(rows).item_success_, ItemMean().fit(rows.where(rows.assessed)).item_success_
    )


def test_asked_before_the_fit() -> None:
    with pytest.raises(NotFittedError, match=r"call ItemMean\.fit"):
        ItemMean().start(1)
