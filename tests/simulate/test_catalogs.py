import numpy as np
import pytest

from lernpfad.core import KINDS, ConfigError
from lernpfad.simulate import Corporate
from simulate.small import world


def test_catalog_has_the_shares_it_should() -> None:
    catalog = Corporate(items=6000).catalog
    breadth = (catalog.item_skills >= 0).sum(axis=1)
    np.testing.assert_allclose(np.bincount(breadth, minlength=4)[1:] / 6000, [0.75, 0.20, 0.05], atol=0.02)
    np.testing.assert_allclose(np.bincount(catalog.kind) / 6000, [0.60, 0.15, 0.15, 0.10], atol=0.02)
    assert np.median(catalog.minutes) == pytest.approx(6.0, rel=0.03)
    assert (catalog.minutes.min(), catalog.minutes.max()) == (2.0, 20.0)
    assert KINDS[catalog.kind[np.flatnonzero(~catalog.assessed)[0]]] == "read"


def test_every_skill_has_items_and_skills_of_an_item_are_neighbours() -> None:
    made = Corporate()
    catalog, cluster = made.catalog, made.traits.cluster
    mains = np.bincount(catalog.item_skills[:, 0], minlength=60)
    assert mains.min() >= 3
    assert mains.max() > 3 * mains.min()
    for row in catalog.item_skills:
        trained = row[row >= 0]
        assert len(set(trained)) == len(trained) > 0
        assert (cluster[trained] == cluster[trained[0]]).all()


def test_prerequisites_are_a_graph_within_clusters() -> None:
    made = Corporate(seed=3)
    edges = made.catalog.prerequisites
    assert len(made.catalog.skill_order) == 60
    assert (edges[:, 0] < edges[:, 1]).all()
    assert (made.traits.cluster[edges[:, 0]] == made.traits.cluster[edges[:, 1]]).all()
    assert np.bincount(edges[:, 1]).max() <= 2
    listed = {(int(b), k) for k, row in enumerate(made.traits.before) for b in row if b >= 0}
    assert listed == set(map(tuple, edges.tolist()))


@pytest.mark.parametrize("wrong", [0.0, 0.2, 0.5])
def test_the_platform_believes_a_share_of_wrong_edges(wrong: float) -> None:
    made = Corporate(seed=1, believed_wrong_edges=wrong)
    true, believed = (set(map(tuple, c.prerequisites.tolist())) for c in (made.catalog, made.believed))
    assert len(believed) == len(true)
    assert len(believed - true) == round(wrong * len(true))
    assert len(made.believed.skill_order) == 60


def test_the_seed_draws_the_world() -> None:
    np.testing.assert_array_equal(world(seed=5).catalog.item_skills, world(seed=5).catalog.item_skills)
    assert (world(seed=5).catalog.minutes != world(seed=6).catalog.minutes).any()


def test_an_empty_world_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"corporate world: items=0, expected at least 1"):
        world(items=0)
