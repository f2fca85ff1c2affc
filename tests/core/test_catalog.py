import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lernpfad.core import Catalog, DataError, mean_over_skills


def test_scalars_are_repeated_and_skills_padded(catalog):
    assert catalog.item_skills.tolist() == [[0, -1], [0, -1], [0, 1], [2, -1], [-1, -1]]
    one = Catalog.of(["a", "b"], ["k"], [[0], [0]], minutes=7.0)
    assert one.minutes.tolist() == [7.0, 7.0]
    assert one.prerequisites.shape == (0, 2)


def test_an_unknown_item_has_no_skills(catalog):
    assert catalog.skills_of(np.array([[2, -1], [4, 0]])).tolist() == [[[0, 1], [-1, -1]], [[-1, -1], [0, -1]]]
    assert Catalog.of([], [], []).skills_of(np.array([-1])).tolist() == [[-1]]


def test_ids_to_indices_and_the_unknown_to_minus_one(catalog):
    assert catalog.indices(["slope", "sums", "sum"]).tolist() == [2, -1, 0]
    assert catalog.skill_indices(["proof", "algebr"]).tolist() == [2, -1]


def test_a_text_is_not_assessed(catalog):
    assert catalog.assessed.tolist() == [True, True, True, False, True]


def test_incidence(catalog):
    assert catalog.incidence.astype(int).tolist() == [[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0]]


def test_columns_of_another_length_are_refused():
    with pytest.raises(DataError, match="minutes has 1 rows, expected one for each of the 2 items"):
        Catalog(np.array(["a", "b"]), np.array(["k"]), np.zeros((2, 1), int), np.ones(1), np.zeros(2), np.zeros((0, 2)))


def test_a_skill_that_is_not_there_is_refused():
    with pytest.raises(DataError, match="an item names skill 3, but there are only 1 skills"):
        Catalog.of(["a"], ["k"], [[3]])


def test_a_cycle_is_named(catalog):
    with pytest.raises(DataError, match="prerequisites form a cycle through skill 'algebra'; remove one of its edges"):
        _ = catalog.with_prerequisites([(0, 1), (1, 0)]).skill_order


def test_ties_of_the_order_go_by_index(catalog):
    assert catalog.with_prerequisites([(2, 0)]).skill_order.tolist() == [1, 2, 0]
    assert catalog.with_prerequisites([]).skill_order.tolist() == [0, 1, 2]


edges = st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda edge: edge[0] < edge[1]), max_size=12)


@given(edges, st.permutations(range(8)))
def test_every_skill_comes_after_its_prerequisites(edges, names):
    graph = [(names[before], names[after]) for before, after in sorted(edges)]
    order = Catalog.of([], [f"k{i}" for i in range(8)], [], prerequisites=graph).skill_order.tolist()
    assert sorted(order) == list(range(8))
    assert all(order.index(before) < order.index(after) for before, after in graph)


@given(edges, st.permutations(range(8)))
def test_waves_pass_on_what_edge_by_edge_would(edges, names):
    """Everything that builds on a skill has its turn before what the skill itself builds on."""
    graph = [(names[before], names[after]) for before, after in sorted(edges)]
    catalog = Catalog.of([], [f"k{i}" for i in range(8)], [], prerequisites=graph)
    own, passed = np.arange(1.0, 9.0), np.zeros(8)
    for wave in catalog.upstream:
        passed[wave.skill] += np.add.reduceat(own[wave.after] + passed[wave.after], wave.first)
    plain = np.zeros(8)
    for skill in catalog.skill_order[::-1]:
        for before, after in graph:
            if after == skill:
                plain[before] += own[after] + plain[after]
    np.testing.assert_allclose(passed, plain)
    needed = {skill: {before for before, after in graph if after == skill} for skill in range(8)}
    needs = catalog.needs
    found = dict(zip(needs.skill.tolist(), np.split(needs.before, needs.first[1:]), strict=True)) if graph else {}
    assert {skill: set(found.get(skill, ())) for skill in range(8)} == needed


def test_mean_over_skills_by_hand():
    values = np.array([[0.2, 0.6, 1.0], [0.0, 0.5, 0.5]])
    skills = np.array([[[0, 1], [2, -1], [-1, -1]]])
    assert mean_over_skills(values, skills, default=9.0).tolist() == [
        [pytest.approx(0.4), 1.0, 9.0],
        [pytest.approx(0.25), 0.5, 9.0],
    ]
    assert np.isnan(mean_over_skills(values, skills)[0, 2])
