import numpy as np
import pytest

from evaluate.handmade import rollout
from lernpfad.core import ConfigError
from lernpfad.evaluate import robustness_rows
from lernpfad.evaluate.lived import Lived, as_lived
from lernpfad.evaluate.robustness import Robustness, concordance, robustness

LEARNERS, WEEKS = 60, 5
START = np.random.default_rng(7).uniform(0.4, 0.6, LEARNERS)


def lives(gain: float, *, noise: float = 0.004, seed: int = 0) -> Lived:
    """Everybody loses about `gain` of debt a week, at an hour a week."""
    steps = np.random.default_rng(seed).normal(gain, noise, (LEARNERS, WEEKS))
    debt = np.concatenate([START[:, None], START[:, None] - np.cumsum(steps, axis=1)], axis=1)
    return as_lived(rollout(debt, np.ones((LEARNERS, WEEKS))))


def world(**gains: float) -> dict[str, Lived]:
    return {name: lives(gain, seed=seed) for seed, (name, gain) in enumerate(gains.items())}


def planted() -> Robustness:
    """`specialist` shines at home and fails abroad, where `steady` is ahead of everything but the oracle."""
    home = world(wateringcan=0.0, rolecurriculum=0.01, legalrandom=0.005, specialist=0.035, steady=0.025, oracle=0.04)
    away = world(wateringcan=0.0, rolecurriculum=0.01, legalrandom=0.005, specialist=0.004, steady=0.02, oracle=0.04)
    return robustness({"home": home, "away": away}, resamples=300)


def test_the_worst_world_decides() -> None:
    found = planted()
    assert found.recommended == "steady"
    assert found.worst("specialist") == pytest.approx(0.1, abs=0.03)
    assert found.score("steady") == pytest.approx([0.625, 0.5], abs=0.04)
    assert found.worst("steady") < found.mean("steady") < found.score("steady")[0]
    assert found.policies[0] == "steady"
    assert found.policies[-1] == "oracle"
    assert found.score("oracle") == pytest.approx([1.0, 1.0])
    assert found.regret("oracle") == pytest.approx([0.0, 0.0])
    assert found.regret("steady")[1] > found.regret("steady")[0] > 0


def test_leads_over_baselines_say_who_is_beaten_where() -> None:
    found = planted()
    assert found.not_beaten("steady") == []
    assert set(found.not_beaten("specialist")) == {("away", "rolecurriculum"), ("away", "legalrandom")}
    assert found.leads["away"]["rolecurriculum"]["specialist"].ahead.high < 0
    assert found.leads["home"]["rolecurriculum"]["specialist"].p < 0.05
    assert "oracle" not in found.leads["home"]["rolecurriculum"]
    assert ("home", "rolecurriculum") not in found.not_beaten("rolecurriculum")


def test_the_better_of_two_oracles_is_one_in_its_world() -> None:
    gains = {"wateringcan": 0.0, "rolecurriculum": 0.01, "legalrandom": 0.005}
    one = world(**gains, oracle=0.04, oracleplanner=0.05)
    other = world(**gains, oracle=0.05, oracleplanner=0.04)
    found = robustness({"one": one, "other": other}, resamples=100)
    assert found.tops == {"one": "oracleplanner", "other": "oracle"}
    assert found.score("oracle") == pytest.approx([0.8, 1.0], abs=0.03)
    assert found.fair == ["rolecurriculum", "legalrandom", "wateringcan"]


def test_concordance_by_hand() -> None:
    """Three judges rank four things 1234, 1324, 2134: rank sums 4, 6, 8, 12, S = 35, W = 12 * 35 / (9 * 60)."""
    assert concordance(np.asarray([[1.0, 2, 3, 4], [1, 3, 2, 4], [2, 1, 3, 4]])) == pytest.approx(12 * 35 / 540)
    assert concordance(np.asarray([[1.0, 2.0, 3.0]] * 4)) == 1.0
    assert concordance(np.asarray([[1.0, 2.0], [2.0, 1.0]])) == 0.0
    assert np.isnan(concordance(np.asarray([[1.0, 2.0]])))
    # ties, two judges, [1.5 1.5 3] and [1 2 3]: S = 6.5, T = 6, W = 12 * 6.5 / (4 * 24 - 2 * 6)
    assert concordance(np.asarray([[1.0, 1.0, 2.0], [1.0, 2.0, 3.0]])) == pytest.approx(78 / 84)


def test_a_matrix_without_its_baselines_is_refused() -> None:
    with pytest.raises(ConfigError, match="the matrix needs it in world 'home'"):
        robustness({"home": world(wateringcan=0.0, rolecurriculum=0.01)})


def test_a_world_in_which_the_oracle_has_no_lead_has_no_score_and_does_not_decide() -> None:
    gains = {"wateringcan": 0.0, "rolecurriculum": 0.0, "legalrandom": 0.0}
    flat = {name: lives(0.01, seed=3) for name in (*gains, "steady", "oracle")}
    found = robustness({"flat": flat, "steep": world(**gains, steady=0.02, oracle=0.04)}, resamples=200)
    assert np.isnan(found.score("steady")[0])
    assert found.worst("steady") == pytest.approx(0.5, abs=0.05)
    assert robustness_rows.score_rows(found)[0]["flat"] == "–"


def test_tables_figure_and_verdict_say_the_same() -> None:
    found = planted()
    rows = {row["policy"]: row for row in robustness_rows.score_rows(found)}
    assert rows["steady"]["worst in"] == "away"
    assert rows["steady"]["worst"] == f"{found.worst('steady'):.2f}"
    assert "steady" in robustness_rows.verdict(found)
    assert "with the whole 95 % interval" in robustness_rows.verdict(found)
    leads = robustness_rows.lead_rows(found, "specialist")
    assert leads[1]["ahead of role curriculum"].startswith("-")
    shown = {text.get_text() for text in robustness_rows.heat(found).axes[0].texts}
    assert {"1.00", rows["steady"]["away"]} <= shown
    flat = robustness_rows.flat(found, {("home", "steady"): {"offers": 3}})
    mine = next(row for row in flat if (row["world"], row["policy"]) == ("home", "steady"))
    assert mine["offers"] == 3
    assert mine["lead_low_over_rolecurriculum"] > 0


def test_what_was_kept_comes_back() -> None:
    one = lives(0.02)
    back = Lived.revived(one.arrays())
    assert back.policy == one.policy
    for name, value in one.arrays().items():
        np.testing.assert_array_equal(back.arrays()[name], value)
