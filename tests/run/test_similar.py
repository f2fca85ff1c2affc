"""Neighbours of an item: those that a recommender offers to somebody who took it and nothing else."""

import numpy as np
import pytest

from lernpfad.core import Catalog
from lernpfad.run.similar import Looked, index, rows


class Around:
    """Likes what stands near the last item of a history, and never the first item of the catalog."""

    def fit(self, train, valid=None):
        return self

    def score(self, histories, items):
        last = histories.item[histories.offsets[1:] - 1]
        return np.where(items == 0, -np.inf, -np.abs(items[None, :] - last[:, None]).astype(float))


CATALOG = Catalog.of([f"item-{i}" for i in range(6)], ["algebra", "proof"], [[0], [0], [0, 1], [], [1], [1]])


def test_the_item_itself_is_left_out_and_ties_go_by_the_catalog():
    found = rows(Looked(Around(), CATALOG, np.array([5, 4, 3, 2000, 1, 0])), 2, k=3)
    assert [row["item"] for row in found] == ["item-1", "item-3", "item-4"]
    assert [row["rank"] for row in found] == [1, 2, 3]
    assert [row["score"] for row in found] == ["-1.0000", "-1.0000", "-2.0000"]
    assert [row["skills"] for row in found] == ["algebra", "", "proof"]
    assert [row["training takers"] for row in found] == ["4", "2,000", "1"]


def test_what_is_never_offered_is_no_neighbour():
    assert len(rows(Looked(Around(), CATALOG, None), 2, k=10)) == 4  # of six: not itself, not the first
    assert rows(Looked(Around(), CATALOG, None), 2, k=1)[0]["training takers"] == "–"


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("item_3", "no item named 'item_3' in 'runs/x'; did you mean 'item-"),
        ("ITM", "no item named 'ITM' in 'runs/x'; its ids are like 'item-0', 'item-1' or 'item-2'"),
    ],
)
def test_an_unknown_item_is_told_with_those_that_are_there(item, said):
    from lernpfad.core import ConfigError

    assert index(CATALOG, "item-3", where="runs/x") == 3
    with pytest.raises(ConfigError) as problem:
        index(CATALOG, item, where="runs/x")
    assert str(problem.value).startswith(said)


@pytest.mark.slow
def test_the_command_looks_at_a_run_and_at_a_bundle_and_leaves_nothing(company, capsys):
    with company.command() as lernpfad:
        before = {path.name for path in company.home.iterdir()}
        tables = []
        for model in ("runs/als", "runs/als/recommender", "runs/bundle"):
            assert lernpfad("similar", f"model={model}", "item=item-0003", "k=4") == 0
            tables.append([line.split() for line in capsys.readouterr().out.splitlines()])
        assert {path.name for path in company.home.iterdir()} == before
        run, part, served = tables
        assert run == part
        assert [line[:3] for line in run] == [line[:3] for line in served]
        assert [line[1] for line in run[2:]] == ["1", "2", "3", "4"]
        assert {line[-1] for line in served[2:]} == {"–"}
        assert all(line[-1].isdecimal() for line in run[2:])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("model=runs/als", "item=item-003"), "no item named 'item-003' in 'runs/als'; did you mean 'item-"),
        (("model=runs/bkt", "item=item-0003"), "no fitted recommender in 'runs/bkt'; there is: tracer"),
        (("model=runs/bkt/tracer", "item=item-0003"), "is no recommender; give the run folder of one"),
        (("model=runs/asl", "item=item-0003"), "no run folder or bundle named 'asl'; did you mean 'als'?"),
        (("item=item-0003",), "model must be given: model=..."),
        (("model=runs/als", "item=item-0003", "k=0"), "k is 0, expected at least 1"),
    ],
)
def test_a_mistake_is_one_line(company, capsys, words, said):
    with company.command() as lernpfad:
        assert lernpfad("similar", *words) == 2
    assert said in capsys.readouterr().err
