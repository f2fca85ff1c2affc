import json
import shutil

import pytest

from lernpfad.run import conditions, matrix_cell
from lernpfad.run.cli import main

SMALL = (
    *("matrix", "tracking=none", "progress=false", "simulator@worlds.main=tiny", "+simulator@worlds.fast=tiny"),
    *("worlds.fast.kappa=1", "only_worlds=[main,fast]", "log.learners=40", "log.weeks=4", "repeats=2", "learners=6"),
    *("past_weeks=2", "weeks=3", "rest=1", "resamples=100", "only_policies=[debtperminute,oracle]", "workers=1"),
)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A small matrix, run once."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("matrix")
        patch.chdir(home)
        patch.setattr("sys.argv", ["lernpfad", *SMALL])
        assert main(list(SMALL)) == 0
    return home / "runs" / "matrix"


def test_a_page_a_table_and_a_figure_are_left(done):
    page = (done / "README.md").read_text(encoding="utf-8")
    assert page.startswith("# Robustness matrix\n")
    assert "2 seeds, 2000 to 2001, of 6 each" in page
    rows = (done / "matrix.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + 2 * 5  # three that must be there, and the two that were asked for
    assert (done / "matrix.png").stat().st_size > 5_000
    assert "## Beside the score\n" in page
    assert "| least by debt at first |" in page


def test_cells_keep_facts(done):
    facts = [json.loads(path.read_text()) for path in sorted(done.glob("*/*/facts.json"))]
    assert {(one["world"], one["policy"]) for one in facts} >= {("main", "oracle"), ("fast", "wateringcan")}
    assert all(one["offers"] > 0 for one in facts)
    believed = {one["policy"]: one["belief_slope"] for one in facts if one["world"] == "main"}
    assert believed["debtperminute"] is not None
    assert believed["oracle"] is None  # it is told the truth
    assert believed["wateringcan"] is None
    prints = {one["world"]: one["fingerprint"] for one in facts}
    assert prints["main"] != prints["fast"]


def test_the_table_has_a_record_of_how_it_was_measured(done, tmp_path):
    found = conditions.read_matrix(done / "matrix.csv")
    facts = [json.loads(path.read_text()) for path in done.glob("*/*/facts.json")]
    assert found["worlds"] == {one["world"]: one["fingerprint"] for one in facts}
    assert (found["weeks"], found["learners"], found["repeats"]) == (3, 6, 2)
    assert found["reference"].startswith("WateringCan ")
    assert found["oracles"].startswith("Oracle ")
    for name in ("matrix.csv", "matrix.json"):
        shutil.copy(done / name, tmp_path)
    assert conditions.read_matrix(tmp_path / "matrix.csv") == found
    with (tmp_path / "matrix.csv").open("a") as stream:
        stream.write("main,better\n")
    assert conditions.read_matrix(tmp_path / "matrix.csv") is None  # it is of another file


def test_what_is_there_is_not_run_again_and_what_is_lost_is(done, monkeypatch):
    before = {path: path.stat().st_mtime_ns for path in done.glob("*/*/facts.json")}
    lost = next(path for path in before if path.parent.name.startswith("oracle-"))
    lost.unlink()
    monkeypatch.chdir(done.parents[1])
    monkeypatch.setattr("sys.argv", ["lernpfad", *SMALL])
    assert main(list(SMALL)) == 0
    after = {path: path.stat().st_mtime_ns for path in done.glob("*/*/facts.json")}
    assert [path for path in before if after[path] != before[path]] == [lost]


def test_cells_of_earlier_versions_are_read(done, tmp_path):
    [cell] = (done / "main").glob("debtperminute-*")
    shutil.copytree(cell, tmp_path / "cell")
    facts = json.loads((cell / "facts.json").read_text())
    old = {name: value for name, value in facts.items() if not name.startswith("belief_")}
    (tmp_path / "cell" / "facts.json").write_text(json.dumps(old))
    found, _ = matrix_cell.read(tmp_path / "cell")
    assert found == old | matrix_cell.NOT_BELIEVED
    assert set(found) == set(facts)


def test_names_that_nothing_bears_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for word, message in (
        ("only_worlds=[mian]", "did you mean 'main'"),
        ("uses.tracer=bktt", "no tracer named 'bktt'"),
        ("fitted_in=nowhere", "no world named 'nowhere'"),
        ("only_policies=[nobody]", "no policy named 'nobody'"),
        ("+own.debtperminute.tracer=none", "no tracer named 'none'"),
    ):
        assert main([*SMALL, word]) == 2
        assert message in capsys.readouterr().err
