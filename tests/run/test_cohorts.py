"""A log that is simulated in cohorts: the same as in one piece, resumed after an interruption, shared by processes."""

import json
from pathlib import Path

import numpy as np
import pytest

from composing import CONFIGS
from lernpfad.core import Sequences
from lernpfad.data import table
from lernpfad.run import company
from lernpfad.run.cohorts import Cohort, divided
from run.conftest import Command
from simulate.occupationfiles import releases
from test_configs import whole

TINY = ("simulate", "scenario=tiny", "learners=23", "weeks=3", "tracking=none", "progress=false")
PRESETS = sorted(path.stem for path in (CONFIGS / "scenario").glob("*.yaml"))


def numbers(runs: Path) -> dict[str, float]:
    (summary,) = runs.rglob("summary.json")
    return json.loads(summary.read_text())


def same_rows(one: Sequences, other: Sequences) -> None:
    np.testing.assert_array_equal(one.learners, other.learners)
    np.testing.assert_array_equal(one.offsets, other.offsets)
    for name in ("item", "outcome", "accepted", "minutes", "time"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in one.extra:
        np.testing.assert_array_equal(one.extra[name], other.extra[name])


def test_a_log_in_cohorts_is_the_log_in_one_piece(lernpfad: Command) -> None:
    assert lernpfad(*TINY, "folder=one", "hydra.run.dir=runs/one") == 0
    assert lernpfad(*TINY, "folder=many", "cohort=10", "hydra.run.dir=runs/many") == 0
    one, many = table.read("one"), table.read("many")
    assert len(list(table.read_parts("many"))) == 3
    assert one.fingerprint == table.read("many", name="one").fingerprint
    same_rows(one.sequences, many.sequences)
    found, expected = numbers(Path("runs/many")), numbers(Path("runs/one"))
    assert found == pytest.approx(expected)


def test_an_interrupted_command_goes_on_where_it_was(lernpfad: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    lived, begun = company.Company.lived, []

    def interrupted(self: company.Company, learners: int, *, first: int = 0, progress: bool = False) -> object:
        begun.append(first)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return lived(self, learners, first=first, progress=progress)

    monkeypatch.setattr(company.Company, "lived", interrupted)
    words = (*TINY, "folder=log", "cohort=10")
    assert lernpfad(*words) == 130
    assert [one.name for one in Path("log/interactions").iterdir()] == ["000000000-000000009.parquet"]
    assert lernpfad(*words) == 0
    assert begun == [0, 10, 10, 20]
    assert lernpfad(*words) == 0
    assert len(begun) == 4
    assert not list(Path("log").rglob("*.claim"))
    assert lernpfad(*TINY, "folder=whole") == 0
    same_rows(table.read("log").sequences, table.read("whole").sequences)


def test_processes_share_the_cohorts(lernpfad: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    words = (*TINY[1:], "folder=log", "cohort=5", "workers=2")
    monkeypatch.setattr("sys.argv", ["lernpfad", *words])
    assert lernpfad("simulate", *words) == 0
    assert lernpfad(*TINY, "folder=whole") == 0
    same_rows(table.read("log").sequences, table.read("whole").sequences)


def test_other_settings_in_the_same_folder_are_refused(lernpfad: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert lernpfad(*TINY, "folder=log", "cohort=10") == 0
    assert lernpfad(*TINY, "folder=log", "cohort=10", "seed=1") == 2
    assert "simulate in cohorts: seed is 1 here and was 0 in 'log/cohorts'; remove that" in capsys.readouterr().err


def test_a_whole_log_and_cohorts_take_each_others_place(lernpfad: Command) -> None:
    for words in ((), ("cohort=10",), (), ("cohort=7",)):
        assert lernpfad(*TINY, "folder=log", *words) == 0
        assert len(table.read("log").sequences.learners) == 23


@pytest.mark.parametrize("cohort", ["null", "2"])
def test_a_log_of_real_jobs_carries_their_credit(lernpfad: Command, cohort: str) -> None:
    newer, older = releases()
    jobs = (f"simulator.newer={newer}", f"simulator.older={older}", "simulator.jobs=3")
    assert lernpfad(*TINY, "simulator=onet", *jobs, "learners=4", "weeks=1", "folder=log", f"cohort={cohort}") == 0
    assert "Used under the CC BY 4.0 license" in Path("log/CREDIT.txt").read_text()
    assert "Chief Executives" in table.read("log").roles.names


def test_real_jobs_without_their_files_are_one_line(lernpfad: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert lernpfad(*TINY, "simulator=onet") == 2
    assert "Skills.txt: no such file; get the O*NET release at onetcenter.org" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("workers=2",), "workers share cohorts, and there are none; set cohort=5000 or so, or workers=1"),
        (("cohort=10", "format=csv"), "a log in cohorts is written as parquet, not csv; set format=parquet"),
        (("cohort=0",), "cohort is 0, expected at least 1"),
    ],
)
def test_settings_that_mean_nothing_are_one_line(
    lernpfad: Command, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], line: str
) -> None:
    assert lernpfad(*TINY, *words) == 2
    assert line in capsys.readouterr().err


def test_cohorts_divide_a_workforce_and_sort_by_name() -> None:
    every = divided(1_000_000, 3_000)
    assert every[:2] == [Cohort(0, 3_000), Cohort(3_000, 3_000)]
    assert every[-1] == Cohort(999_000, 1_000)
    assert sum(cohort.learners for cohort in every) == 1_000_000
    assert sorted(cohort.name for cohort in every) == [cohort.name for cohort in every]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_gives_way_to_what_is_said_on_top(name: str) -> None:
    preset = whole("simulate", f"scenario={name}")
    assert preset.simulator._target_ == "lernpfad.simulate.corporate.Corporate"
    on_top = whole("simulate", f"scenario={name}", "simulator=tiny", "learners=7", "cohort=3", "simulator.items=11")
    assert (on_top.simulator["skills"], on_top.simulator["items"]) == (8, 11)
    assert (on_top.learners, on_top.cohort) == (7, 3)
    assert on_top.weeks == preset.weeks


def test_presets_are_as_large_as_they_say() -> None:
    sizes = {name: whole("simulate", f"scenario={name}") for name in PRESETS}
    assert {name: (one.learners, one.weeks) for name, one in sizes.items()} == {
        "tiny": (60, 6),
        "demo": (1_000, 26),
        "corporate": (10_000, 104),
        "enterprise": (1_000_000, 104),
    }
    plain = whole("simulate")
    assert {key: sizes["demo"][key] for key in plain} == dict(plain)
