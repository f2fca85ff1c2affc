"""What stands beside the scores of policies that were really rolled out, with a rest after the training."""

from dataclasses import replace

import numpy as np
import pytest

from evaluate.handmade import rollout as by_hand
from lernpfad.evaluate import beside, closed_loop, dashboard
from lernpfad.evaluate.belief import BeliefError
from lernpfad.evaluate.books import Bookkeeper
from lernpfad.evaluate.intervals import Estimate
from lernpfad.evaluate.results import Results
from lernpfad.evaluate.retention import trained_skills
from lernpfad.evaluate.returns import Account
from lernpfad.policy import Random, WateringCan
from simulate.small import lived, world

WEEKS, REST = 4, 2


@pytest.fixture(scope="module")
def results() -> Results:
    of = world()
    rollouts, accounts = {}, {}
    for name, policy in (("wateringcan", WateringCan()), ("random", Random())):
        keeper = Bookkeeper(of.roles, of.catalog)
        done = lived(of, policy, learners=40, weeks=WEEKS, rest=REST, name=name, observers=[keeper], watched=40)
        rollouts[name], accounts[name] = done, Account.of(name, keeper.books(), done.log, done.hours)
    belief = BeliefError(Estimate(0.01, 0.005, 0.02), Estimate(0.4, 0.3, 0.5), 99)
    known = {"roles": of.roles, "catalog": of.catalog, "accounts": accounts, "beliefs": {"random": belief}}
    return Results(rollouts=rollouts, resamples=100, **known)


def test_debt_at_the_end_of_the_training_and_after_the_rest_by_hand() -> None:
    can = by_hand([[0.4, 0.4, 0.4, 0.4], [0.2, 0.2, 0.2, 0.2]], [[1, 1, 0], [1, 1, 0]])
    other = by_hand([[0.4, 0.3, 0.1, 0.2], [0.2, 0.1, 0.1, 0.2]], [[1, 1, 0], [1, 1, 0]])
    found = closed_loop.compare({"wateringcan": replace(can, rest=1), "other": replace(other, rest=1)}, resamples=20)
    [one] = [one for one in found if one.policy == "other"]
    assert (one.debt_start, one.debt_trained, one.debt_end) == pytest.approx((0.3, 0.1, 0.2))
    row = closed_loop.rows(found)[-1]
    assert (row["debt after training"], row["debt 1 week later"]) == ("10.0 %", "20.0 %")
    assert "debt at end" in closed_loop.rows(closed_loop.compare({"wateringcan": can}, resamples=20))[0]


def test_what_is_kept_is_measured_on_the_trained_skills(results: Results) -> None:
    done = results.rollouts["random"]
    gained = (done.mastery[WEEKS] - done.mastery[0])[trained_skills(done.log)].sum()  # type: ignore[union-attr]
    left = (done.mastery[-1] - done.mastery[0])[trained_skills(done.log)].sum()  # type: ignore[union-attr]
    found = beside.lasting(results, "random")
    assert found is not None
    assert found.after == REST
    assert found.kept.value == pytest.approx(left / gained)


def test_minutes_of_the_rest_are_nobodys_to_use(results: Results) -> None:
    account = results.accounts["random"]
    [found] = [one for one in results.beside if one.policy == "random"]
    assert account.hours[WEEKS:].sum() == 0
    assert found.takeup.used.value == pytest.approx(account.hours.sum() / account.books.budget[:WEEKS].sum())


def test_tables_share_the_columns_and_the_best_comes_first(results: Results) -> None:
    scores, fair = beside.rows(results), beside.fair_rows(results)
    assert [row["policy"] for row in scores] == [row["policy"] for row in dashboard.policy_rows(results)]
    assert {"weeks to ready, median", "E_p at equal minutes", "coverage"} < set(scores[0])
    assert {"least by debt at first", "min/max by minutes"} < set(fair[0])
    assert set(scores[0]) & set(fair[0]) == {"policy"}


def test_belief_is_told_of_those_who_ask(results: Results) -> None:
    told = {row["policy"]: row["true per predicted gain"] for row in beside.lasting_rows(results)}
    assert told == {"watering can": "–", "random": "0.40 (0.30 to 0.50)"}
    assert beside.facts(results)["random"]["belief"]["slope"]["value"] == 0.4
    assert beside.facts(results)["wateringcan"]["belief"] is None
    silent = replace(results, beliefs={})
    assert "true per predicted gain" not in beside.lasting_rows(silent)[0]


def test_the_page_has_it_and_leaves_it_out_without_accounts(results: Results) -> None:
    heading = "What stands beside the score?"
    assert heading in dashboard.standard(results, drawn={}).html()
    assert heading not in dashboard.standard(replace(results, accounts={}), drawn={}).html()


def test_whoever_sees_the_truth_is_not_the_best_policy() -> None:
    start = np.full((20, 1), 0.5)
    lives = {name: by_hand(start - np.arange(3) * fall, np.ones((20, 2))) for name, fall in FALLS.items()}
    found = Results(rollouts=lives, oracle="oracleplanner", resamples=20)
    assert found.best is not None
    assert found.best.policy == "hybrid"
    assert "oracle" not in dashboard.verdict(found)


FALLS = {"wateringcan": 0.0, "hybrid": 0.05, "oracle": 0.1, "oracleplanner": 0.2}
