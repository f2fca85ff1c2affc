"""No learners at all is an ordinary case: in a closed loop everybody may have left."""

import numpy as np

from lernpfad.core import Catalog, Requirement, Situation, mean_over_skills

CATALOG = Catalog.of(["a", "b"], ["x", "y"], [[0], [0, 1]])


def test_mean_over_skills_of_nobody() -> None:
    assert mean_over_skills(np.empty((0, 2)), CATALOG.item_skills[None]).shape == (0, 2)


def test_a_situation_of_nobody_has_empty_estimates() -> None:
    nobody = np.empty((0, 2))
    situation = Situation(
        catalog=CATALOG,
        items=np.arange(2),
        eligible=np.empty((0, 2), dtype=bool),
        at=np.empty(0),
        minutes_left=np.empty(0),
        requirement=Requirement(nobody, nobody),
    )
    assert situation.ready.shape == (0, 2)
    assert situation.debt_reduction(situation.candidates).shape == (0, 2)
