"""Policies on one log as people read it: rows, remarks that are said once, plain data, and a figure."""

import json
import math

import numpy as np
import pytest

from lernpfad.evaluate.intervals import Estimate
from lernpfad.evaluate.offpolicy import Logged, judged
from lernpfad.evaluate.offpolicy.standing import ESTIMATORS, USUAL, Standing, beside_the_log
from lernpfad.serve.files import jsonable


@pytest.fixture
def standing():
    """600 offers of two items, evenly drawn: 'same' does it again, 'never' wants what was hardly ever offered."""
    rng = np.random.default_rng(0)
    action = rng.integers(0, 2, 600)
    even = np.column_stack([np.full((600, 2), 0.5), np.zeros(600)])
    reward = (rng.random(600) < 0.3 + 0.4 * action).astype(float)
    target = {"same": even, "second": np.tile([0.2, 0.8, 0.0], (600, 1)), "never": np.tile([0.0, 0.1, 0.9], (600, 1))}
    asked = {name: ESTIMATORS[name] for name in USUAL}
    logs = {
        name: Logged.rows(
            action=action,
            reward=reward,
            logged=np.full(600, 0.5),
            target=table,
            behaviour=even,
            model=np.tile([0.3, 0.7, 0.5], (600, 1)),
        )
        for name, table in target.items()
    }
    return Standing(
        reward=Estimate(float(reward.mean()), 0.4, 0.6),
        judgements={name: judged(asked, log) for name, log in logs.items()},
        left_out={"oracle": "sees the truth"},
        offers=600,
        of=600,
        learners=600,
        support="",
    )


def test_rows_are_policies_by_estimators(standing):
    rows = standing.rows()
    assert [(row["policy"], row["estimator"]) for row in rows] == [(p, e) for p in standing.judgements for e in USUAL]
    assert rows[0]["effective offers"] == "600 (100.0 %)"
    assert [row[""] for row in rows if row["policy"] == "never"] == ["refused"] * 3
    assert {row["value"] for row in rows if row["policy"] == "never"} == {"–"}


def test_the_right_value_is_found_where_the_log_can_tell(standing):
    """By hand: .2 x .3 + .8 x .7 = .62."""
    for name in ("DR", "SNIPS"):
        made = standing.judgements["second"][name]
        assert made.low < 0.62 < made.high


def test_a_remark_is_said_once_with_all_whom_it_is_about(standing):
    remarks = standing.remarks()
    unsupported = [line for line in remarks if "(almost) never made" in line]
    assert unsupported == [line for line in remarks if line.startswith("never by DR, never by SNIPS, never by DM: ")]
    assert "oracle: left out: sees the truth" in remarks


def test_it_is_plain_data_without_a_number_that_is_none(standing):
    found = json.loads(json.dumps(jsonable(standing.record()), allow_nan=False))
    assert found["policies"]["never"]["DR"]["value"] is None
    assert math.isclose(found["policies"]["same"]["SNIPS"]["value"], standing.reward.value)
    assert found["support"] == "known"


def test_the_figure_says_what_was_refused(standing):
    (axes,) = beside_the_log(standing).axes
    assert [one.get_text() for one in axes.texts] == ["refused"] * 3
    assert len(axes.get_yticklabels()) == 9
    assert "never, DM" in [one.get_text() for one in axes.get_yticklabels()]
