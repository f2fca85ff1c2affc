"""`lernpfad evaluate`: what stands beside the score, and a winner that has learned something goes into production."""

import json

import numpy as np

from lernpfad.policy import LinUCB, spec
from lernpfad.serve import bundle, files

WORDS = ("evaluate", "simulator=tiny", "learners=30", "past_weeks=2", "weeks=3", "rest=2", "resamples=50", "repeats=2")


def test_a_learned_winner_is_kept_and_exported(company):
    with company.command() as lernpfad:
        quiet = ("tracking=none", "progress=false", "log.learners=40", "log.weeks=4")
        models = ("models.tracer=runs/bkt", "models.recommender=runs/als")
        assert lernpfad(*WORDS, *quiet, *models, "only=[linucb]", "hydra.run.dir=runs/learned") == 0
        found = json.loads(company.at("runs", "learned", "evaluation.json").read_text())
        assert found["winner"] == "linucb"
        kept = files.read_arrays(company.at("runs", "learned", found["winner_learned"]))
        assert (
            found["winner_spec"]["learned"] == spec.describe(spec.build(found["winner_spec"], arrays=kept))["learned"]
        )
        words = ("evaluation=runs/learned", "folder=runs/learned-bundle", "hydra.run.dir=runs/learned-export")
        assert lernpfad("export", *words, "tracking=none") == 0
    policy = bundle.load(company.at("runs", "learned-bundle")).next_best.policy
    assert isinstance(policy, LinUCB)
    for name, array in spec.arrays(policy).items():
        assert np.array_equal(array, kept[name])


def test_what_stands_beside_the_score_is_in_the_file_and_on_the_page(company):
    found = json.loads(company.at("runs", "evaluate", "evaluation.json").read_text())
    assert found["winner_learned"] is None
    beside = found["beside"]["debtperminute"]
    assert beside["retention"]["after"] == 4
    assert beside["belief"]["items"] > 0
    assert found["beside"]["oracle"]["belief"] is None
    by_name = {one["policy"]: one for one in found["policies"]}
    assert by_name["oracle"]["rest"] == 4
    assert by_name["oracle"]["debt_trained"] != by_name["oracle"]["debt_end"]
    page = company.at("runs", "evaluate", "report.html").read_text()
    assert "What stands beside the score?" in page
    assert "debt 4 weeks later" in page
