import json
import math

import numpy as np
import pytest

from evaluate.handmade import MONDAY, catalog, log, roles, rollout
from lernpfad.core import ConfigError, DataError, Rollout
from lernpfad.evaluate import closed_loop, tables
from lernpfad.evaluate.closed_loop import compare, difference
from lernpfad.evaluate.waste import waste_share

CAN = [[0.40, 0.38, 0.36], [0.50, 0.50, 0.49]]
POLICY = [[0.40, 0.34, 0.28], [0.50, 0.46, 0.42]]
WEEK = 7 * 86_400.0


def hand_example() -> dict[str, Rollout]:
    return {
        "wateringcan": rollout(CAN, [[0.6, 0.6], [0.4, 0.4]]),
        "policy": rollout(POLICY, [[0.6, 0.6], [0.4, 0.4]]),
    }


def crowd(gain: float, *, learners: int = 60, weeks: int = 6, seed: int = 0, noise: float = 0.02) -> Rollout:
    """Learners who all start alike and lose `gain` of debt a week, give or take, at an hour a week."""
    rng = np.random.default_rng(seed)
    start = np.random.default_rng(99).uniform(0.4, 0.6, learners)
    steps = rng.normal(gain, noise, (learners, weeks))
    debt = np.concatenate([start[:, None], start[:, None] - np.cumsum(steps, axis=1)], axis=1)
    return rollout(debt, np.ones((learners, weeks)))


def by_name(results: list[closed_loop.PolicyResult]) -> dict[str, closed_loop.PolicyResult]:
    return {one.policy: one for one in results}


def test_the_hand_example() -> None:
    """.23 debt-weeks in two hours: .115 an hour."""
    found = by_name(compare(hand_example()))
    assert found["policy"].debt_weeks == pytest.approx(0.23)
    assert found["policy"].hours == pytest.approx(2.0)
    assert found["policy"].per_hour == pytest.approx(0.115)
    assert found["wateringcan"].per_hour == 0.0
    assert found["policy"].debt_end == pytest.approx(0.35)
    assert found["policy"].low == pytest.approx(0.11 / 0.8, abs=0.05)
    assert math.isnan(found["policy"].normalised)  # nobody ran the oracle


def test_normalised_is_0_at_the_reference_and_1_at_the_oracle() -> None:
    found = by_name(compare({"oracle": crowd(0.05), "wateringcan": crowd(0.0), "middle": crowd(0.025, seed=1)}))
    assert found["wateringcan"].normalised == 0.0
    assert found["oracle"].normalised == 1.0
    assert found["middle"].normalised == pytest.approx(0.5, abs=0.1)
    assert found["middle"].normalised_low < found["middle"].normalised < found["middle"].normalised_high
    assert [one.policy for one in compare({"oracle": crowd(0.05), "wateringcan": crowd(0.0)})] == [
        "wateringcan",
        "oracle",
    ]


def test_normalised_is_undefined_where_the_oracle_is_no_better_for_sure() -> None:
    found = by_name(compare({"wateringcan": crowd(0.02, seed=1), "oracle": crowd(0.02, seed=2, noise=0.03)}))
    assert all(math.isnan(one.normalised) for one in found.values())


def test_difference_on_paired_learners() -> None:
    rollouts = {"wateringcan": crowd(0.0), "curriculum": crowd(0.02, seed=1), "best": crowd(0.03, seed=2)}
    gap = difference(rollouts, "best", "curriculum")
    assert gap.low > 0
    found = by_name(compare(rollouts))
    assert gap.value == pytest.approx(found["best"].per_hour - found["curriculum"].per_hour)
    assert difference(rollouts, "best", "best") == (0.0, 0.0, 0.0)
    assert found["best"].p <= 0.01
    assert math.isnan(found["wateringcan"].p)


def test_seeds_are_laid_side_by_side() -> None:
    one, two = crowd(0.02, seed=1), crowd(0.02, seed=2)
    both = by_name(compare({"wateringcan": [crowd(0.0), crowd(0.0)], "policy": [one, two]}))
    alone = by_name(compare({"wateringcan": crowd(0.0), "policy": one}))
    assert both["policy"].learners == 120
    assert both["policy"].high - both["policy"].low < alone["policy"].high - alone["policy"].low


def test_nobody_learned_is_undefined_not_infinite_and_never_the_best() -> None:
    idle = rollout(POLICY, [[0.001, 0.0], [0.0, 0.0]])
    found = by_name(compare({**hand_example(), "idle": idle}))
    assert math.isnan(found["idle"].per_hour)
    assert [one.policy for one in compare({**hand_example(), "idle": idle})] == ["idle", "wateringcan", "policy"]


def test_learners_without_requirements_are_left_out() -> None:
    nan = [float("nan")] * 3
    found = by_name(
        compare(
            {
                "wateringcan": rollout([*CAN, nan], [[0.6, 0.6], [0.4, 0.4], [5, 5]]),
                "policy": rollout([*POLICY, nan], [[0.6, 0.6], [0.4, 0.4], [5, 5]]),
            }
        )
    )
    assert found["policy"].learners == 2
    assert found["policy"].per_hour == pytest.approx(0.115)


def test_take_up_and_dropout() -> None:
    history = log([[(0, 1), (1, -1)], [(0, 0), (1, 1)]], accepted=np.asarray([True, False, True, True]))
    hours = [[0.6, 0.6], [0.4, 0.4]]
    gone = rollout(POLICY, hours, active=[[1, 1], [1, 0]], history=history)
    assert by_name(compare({**hand_example(), "policy": gone}))["policy"].acceptance == pytest.approx(0.75)
    assert by_name(compare({**hand_example(), "policy": gone}))["policy"].dropout == pytest.approx(0.5)
    later = rollout(POLICY, hours, active=[[1, 0], [1, 0]], history=history, before=gone)
    assert by_name(compare({**hand_example(), "policy": later}))["policy"].dropout == 0.0  # she was gone before


def test_waste_by_hand() -> None:
    """Skill 0 has a gap, skill 1 has none in week 0; in week 1 both have, but 1 builds on 0, which is not there yet."""
    graph = catalog().with_prerequisites(np.asarray([[0, 1]]))
    time = MONDAY + np.asarray([0.0, 1.0, WEEK, WEEK + 1, WEEK + 2])
    history = log([[(0, 1), (1, 1), (0, 1), (1, 1), (1, 1)]], graph, time=time, accepted=[1, 1, 1, 1, 0])
    mastery = np.asarray([[[0.5, 0.7]], [[0.4, 0.1]], [[0.6, 0.5]]])
    run = rollout([CAN[0]], [[0.3, 0.3]], history=history, mastery=mastery, watched=np.asarray([0]))
    assert waste_share(run, roles(), graph) == (20.0, 40.0)
    found = compare({"wateringcan": run}, roles=roles())
    assert found[0].waste == 0.5


def test_table_markdown_csv_and_json_rows() -> None:
    results = compare(hand_example(), resamples=50)
    text = closed_loop.table(results)
    assert text.splitlines()[0].startswith("policy")
    assert "11.50" in text
    assert "of oracle" not in text  # nothing to say: no oracle
    assert tables.markdown(closed_loop.rows(results)).count("\n") == 3
    rows = [one.row() for one in results]
    assert json.loads(json.dumps(rows, allow_nan=False))[1]["per_hour"] == pytest.approx(0.115)
    assert tables.to_csv(rows).splitlines()[0].startswith("policy,learners,weeks,per_hour,low,high")


def test_refuses_what_is_not_paired() -> None:
    with pytest.raises(ConfigError, match="no policy named 'wateringcan'"):
        compare({"policy": crowd(0.1)})
    with pytest.raises(DataError, match="same weeks and learners"):
        compare({"wateringcan": crowd(0.0), "policy": crowd(0.0, weeks=5)})
    shifted = rollout([[0.45, 0.3, 0.2], POLICY[1]], [[0.6, 0.6], [0.4, 0.4]])
    with pytest.raises(DataError, match=r"learner 0 owes 0\.450 and 0\.400"):
        compare({**hand_example(), "policy": shifted})
