"""Real jobs: the files of O*NET as they are read, and the company that is made of them."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lernpfad.core import ConfigError, DataError
from lernpfad.simulate import occupations
from lernpfad.simulate.calendar import START, YEAR
from lernpfad.simulate.occupations import APART, Occupations, normalised
from lernpfad.simulate.onet import Onet, chosen, frequent, moves
from simulate.occupationfiles import releases, write
from simulate.small import lived

REAL = Path(os.environ.get("LERNPFAD_DATA", "data")) / "onet"


@pytest.fixture(scope="module")
def known() -> Occupations:
    return occupations.read(*releases())


def world(years: float = APART, seed: int = 0, **changes: Any) -> Onet:
    return Onet(*releases(), **({"jobs": 3, "technologies": 20, "items": 40} | changes), years=years, seed=seed)


def test_ratings_become_levels_and_weights(known: Occupations) -> None:
    assert known.titles.tolist() == ["Chief Executives", "Managers", "Engineers"]
    assert known.skills.tolist() == ["Reading", "Writing", "Repairing"]
    assert known.group.tolist() == ["2.A.1", "2.A.1", "2.B.3"]
    np.testing.assert_allclose(known.level, [[1, 0.5, 0], [0.7, 0.2, 0.3], [0.5, 0.5, 0.9]])
    np.testing.assert_allclose(known.weight, [[1, 0.5, 0], [0.75, 0.25, 0.2], [0.5, 0.5, 1]])
    assert known.related.tolist() == [[0, 1, 0], [2, 0, 4], [0, 0, 0]]


def test_a_rename_is_no_new_tool(known: Occupations) -> None:
    assert normalised("Adobe Systems Adobe Acrobat") == normalised("Adobe Acrobat") == normalised("Acrobat software")
    assert normalised("SAP software") == normalised("SAP") == "sap"
    assert normalised("Structured query language SQL") == normalised("SQL structured query language")
    assert len({normalised(name) for name in ("C", "C++", "C#", "R", "Microsoft Excel", "Microsoft Word")}) == 6
    new, gone = known.drift()
    assert new == pytest.approx(4 / 7)  # Excel twice, Teams, Python; of seven
    assert gone == pytest.approx(2 / 5)  # Lotus Notes and Fortran; of five


def test_a_company_begins_with_the_older_tools_and_ends_with_the_newer() -> None:
    made = world()
    skills = made.catalog.skills.tolist()
    assert skills[:3] == ["Reading", "Writing", "Repairing"]
    assert {"Adobe Acrobat", "Microsoft Excel", "Fortran"} <= set(skills)
    asked = made.roles.weight > 0
    counts = {
        str(title): asked[[0, -1], role][:, 3:].sum(axis=1).tolist() for role, title in enumerate(made.roles.names)
    }
    assert counts == {"Chief Executives": [2, 2], "Managers": [1, 2], "Engineers": [2, 3]}
    generic = made.roles.level[:, :, :3]
    np.testing.assert_array_equal(generic, np.broadcast_to(generic[:1], generic.shape))
    assert (np.diff(made.roles.valid_from) > 0).all()
    assert made.roles.valid_from[0] == START
    assert made.roles.valid_from[-1] <= START + APART * YEAR


def test_tools_arrive_over_the_years_between_the_releases() -> None:
    def changed(years: float) -> int:
        weight = world(years=years).roles.weight
        return int((weight[-1] != weight[0]).sum())

    assert changed(0.0) == 0
    assert 0 < changed(3.0) < changed(APART) == 6


def test_skills_lie_in_clusters_of_their_element_group_or_class() -> None:
    traits = world().traits
    assert traits.cluster.tolist() == [0, 0, 1, *[2] * (len(traits.cluster) - 3)]
    assert traits.tool.tolist() == [False] * 3 + [True] * (len(traits.cluster) - 3)


def test_people_move_to_related_jobs() -> None:
    near = moves(np.array([[0, 1, 0], [2, 0, 4], [0, 0, 0]]))
    np.testing.assert_allclose(near, [[0, 1, 0], [2 / 3, 0, 1 / 3], [0.5, 0.5, 0]])
    assert moves(np.zeros((1, 1), dtype=int)).tolist() == [[1.0]]


def test_a_company_is_made_of_jobs_that_belong_together(known: Occupations) -> None:
    ring = np.roll(np.eye(40, dtype=int), 1, axis=1)
    jobs = chosen(np.random.default_rng(0), ring, 18)
    assert len(set(jobs.tolist())) == 18
    follows = sum((jobs[i] - 1) % 40 in jobs[:i] for i in range(18))
    assert follows >= 14  # all but the three starts, and where a chain runs into another
    assert frequent(known, np.arange(3), 1) == ["excel"]


def test_a_world_of_real_jobs_teaches_and_gives_credit() -> None:
    of = world(technologies=5, minutes=60.0)
    done = lived(of, learners=40, weeks=4)
    assert set(done.role) <= {0, 1, 2}
    assert np.nanmean(done.debt[-1]) < np.nanmean(done.debt[0])
    assert "O*NET" in of.credit
    assert "CC BY 4.0" in of.credit


def test_the_same_seed_makes_the_same_company() -> None:
    one, again, other = world(), world(), world(seed=1)
    np.testing.assert_array_equal(one.roles.level, again.roles.level)
    assert one.roles.level.shape != other.roles.level.shape or (one.roles.level != other.roles.level).any()


def test_what_is_absent_or_another_file_is_one_line(tmp_path: Path) -> None:
    newer, older = write(tmp_path)
    with pytest.raises(
        DataError, match=r"nowhere/Skills\.txt: no such file; get the O\*NET release at onetcenter\.org"
    ):
        occupations.read(tmp_path / "nowhere", older)
    (tmp_path / "newer" / "Occupation Data.txt").write_text("Code\tTitle\n")
    with pytest.raises(DataError, match=r"Occupation Data\.txt: no column 'O\*NET-SOC Code'; this is no file"):
        occupations.read(newer, older)
    with pytest.raises(ConfigError, match=r"O\*NET: jobs=0, expected at least 1; set simulator\.jobs"):
        Onet(newer, older, jobs=0)


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the O*NET releases in LERNPFAD_DATA/onet")
def test_the_drift_between_the_real_releases_is_that_of_the_reference() -> None:
    real = occupations.read(REAL / "db_29_0_2024-08", REAL / "db_older")
    assert len(real.skills) == 35
    new, gone = real.drift()
    assert new == pytest.approx(0.21, abs=0.01)
    assert gone == pytest.approx(0.049, abs=0.003)
    assert np.mean([len(tools) for tools in real.now]) == pytest.approx(29.2, abs=0.5)
    assert 4 * real.weight.mean() + 1 == pytest.approx(2.59, abs=0.05)
