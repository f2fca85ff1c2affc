"""`lernpfad report`: on a world with its truth, and on a log as the tracer believes it."""

import pytest

from lernpfad.data import table
from lernpfad.data.dataset import Dataset

WORLD = ("simulator=tiny", "learners=30", "past_weeks=2", "weeks=3", "tracking=none", "progress=false")


def test_a_policy_in_a_world(company):
    with company.command() as lernpfad:
        words = ("report", *WORLD, "models.tracer=runs/bkt", "repeats=2", "hydra.run.dir=runs/return")
        assert lernpfad(*words) == 0
    text = company.at("runs", "return", "return.md").read_text()
    assert "Simulated, not observed" in text
    assert "of 60 people" in text  # two populations
    assert "| debt per minute |" in text
    assert "| watering can |" in text
    assert "kappa 0.9 to 9" in text
    assert (company.at("runs", "return", "return.html")).read_text().count("<svg") == 5


def test_a_log_as_the_tracer_believes_it(company, tmp_path):
    data = table.read(company.at("data", "synthetic"))
    unit = [f"floor-{j % 2}" for j in range(len(data.sequences.learners))]
    table.write(Dataset("floors", data.sequences, learner={**data.learner, "unit": unit}, roles=data.roles), tmp_path)
    with company.command() as lernpfad:
        words = ("report", "simulator=null", "data=logs", f"data.folder={tmp_path}", "weeks=4", "tracking=none")
        assert lernpfad(*words, "models.tracer=runs/bkt", "hydra.run.dir=runs/believed") == 0
    text = company.at("runs", "believed", "return.md").read_text()
    assert "Believed, not measured" in text
    assert "Over 4 weeks" in text
    assert "| floor-0 | unit |" in text
    assert not company.at("runs", "believed", "money.csv").exists()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("simulator=null",), "nothing to report on: choose simulator=..., data=... or both"),
        ((*WORLD, "+worlds.kapa=[1,2]"), "no setting of the simulator named 'kapa'; did you mean 'kappa'?"),
        ((*WORLD, "worlds.kappa=[1]"), "worlds.kappa is [1.0], expected two values"),
        ((*WORLD, "~worlds.kappa", "money.wage=-1"), "money.wage is -1.0, expected 0 or more"),
        ((*WORLD, "ends.wage=[1]"), "ends.wage is [1.0], expected two values"),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_loaded(lernpfad, capsys, words, line):
    assert lernpfad("report", "models.tracer=nowhere", *words) == 2
    assert line in capsys.readouterr().err


def test_a_log_without_roles_owes_nothing(lernpfad, tiny_log, capsys):
    data = ("data=logs", f"data.folder={tiny_log}", "tracking=none")
    assert lernpfad("train", "tracer=itemmean", *data, "hydra.run.dir=runs/mean") == 0
    assert lernpfad("report", "simulator=null", *data, "models.tracer=runs/mean") == 2
    assert "has no roles, so nobody owes anything" in capsys.readouterr().err
