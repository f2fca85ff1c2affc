"""`lernpfad evaluate data=... offpolicy=...`: policies on a log with propensities, with doubts and refusals."""

import json

import pytest

from lernpfad.data import table

EVALUATE = ("evaluate", "simulator=null", "resamples=50", "models.tracer=runs/bkt")


def evaluated(company, name, *words):
    """What the command printed into the run folder, and the numbers."""
    folder = company.at("runs", name)
    with company.command() as lernpfad:
        assert lernpfad(*EVALUATE, f"hydra.run.dir=runs/{name}", *words) == 0
    return folder, json.loads((folder / "evaluation.json").read_text())


@pytest.fixture(scope="module")
def uniform(company):
    """A log of which every propensity is even, and what the policies would have earned on it."""
    with company.command() as lernpfad:
        world = ("simulator=tiny", "learners=60", "weeks=3", "policy=random")
        assert lernpfad("simulate", *world, "folder=data/even", "hydra.run.dir=runs/even") == 0
    return evaluated(
        company,
        "even-log",
        "data=logs",
        "data.folder=data/even",
        "data.name=even",
        "policy@past_policy=random",
        "only=[random,popularinrole,debtperminute,oracle]",
        "offpolicy=[DR,SNIPS,IPS,DM]",
    )


def test_the_policy_that_wrote_the_log_earns_what_it_earned(uniform):
    found = uniform[1]["off_policy"]
    assert found["support"] == "known"
    assert found["offers"] == found["of"] > 100
    for name in ("SNIPS", "IPS"):
        made = found["policies"]["random"][name]
        assert made["refused"] is None
        assert made["value"] == pytest.approx(found["reward"]["value"], abs=1e-6)
        assert made["diagnostics"]["ess_share"] == pytest.approx(1.0, abs=1e-4)


def test_a_policy_that_the_log_cannot_judge_is_refused_with_the_reason(uniform):
    found = uniform[1]["off_policy"]["policies"]["debt per minute"]
    for name in ("DR", "SNIPS", "IPS"):
        assert found[name]["value"] is None
        assert found[name]["refused"].startswith("effective sample size")
    assert found["DM"]["refused"] is None
    assert any("the model's word alone" in line for line in found["DM"]["warnings"])


def test_the_oracle_is_left_out(uniform):
    found = uniform[1]["off_policy"]
    assert found["left_out"] == {"oracle": "sees the truth, which no log holds"}
    assert set(found["policies"]) == {"watering can", "random", "popular in role", "debt per minute"}


def test_it_stands_in_the_table_and_in_the_report(uniform):
    folder = uniform[0]
    text, page = (folder / "offpolicy.txt").read_text(), (folder / "even-report.html").read_text()
    for part in ("random", "refused: effective sample size", "left out: sees the truth"):
        assert part in text
        assert part in page
    assert "What would other policies have earned on this log?" in page


def test_a_log_of_something_else_is_judged_with_a_warning_about_support(company):
    """The log of the platform was told the truth, which nobody can replay; at most so many offers are judged."""
    words = ("data=synthetic", "only=[random]", "offpolicy=DR", "offpolicy_rows=90")
    found = evaluated(company, "platform-log", *words)[1]["off_policy"]
    assert found["offers"] == 90 < found["of"]
    assert "was logged with propensity" in found["support"]
    assert "set past_policy to what wrote the log" in found["support"]
    assert any("support unknown" in line for line in found["policies"]["random"]["DR"]["warnings"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("offpolicy=[DRR]", "data=synthetic"), "no estimator named 'DRR'; did you mean 'DR'"),
        (("offpolicy=true", "simulator=tiny", "data=null"), "offpolicy needs a log with propensities: choose data="),
        (("offpolicy=true", "offpolicy_rows=0", "data=synthetic"), "offpolicy_rows is 0, expected at least 1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(company, capsys, words, message):
    with company.command() as lernpfad:
        assert lernpfad(*EVALUATE, "hydra.run.dir=runs/refused", *words) == 2
    assert message in capsys.readouterr().err


def test_a_log_without_propensities_is_refused(company, capsys):
    dataset = table.read(company.at("data", "even"), name="bare")
    for name in ("propensity",):
        dataset.sequences.extra.pop(name)
    table.write(dataset, company.at("data", "bare"))
    with company.command() as lernpfad:
        words = ("data=logs", "data.folder=data/bare", "data.name=bare", "offpolicy=true")
        assert lernpfad(*EVALUATE, "hydra.run.dir=runs/bare", *words) == 2
    assert "the log has no column 'propensity'" in capsys.readouterr().err
