"""What stands beside the scores of a matrix, on lives whose every number is known."""

from dataclasses import replace

import numpy as np
import pytest

from evaluate.handmade import rollout
from lernpfad.evaluate import robustness_beside
from lernpfad.evaluate.lived import Lived, as_lived

WEEKS, REST = 5, 1
PEOPLE = 30
START = np.linspace(0.05, 0.6, PEOPLE)


def life(share: float, *, left: int = 0) -> Lived:
    """Everybody pays back a share of her debt in the first week, and a tenth of it returns in the rest."""
    debt = np.repeat(START[:, None], WEEKS + REST + 1, axis=1)
    debt[:, 1:] *= 1 - share
    debt[:, -1] += 0.1 * share * START
    hours = np.zeros((PEOPLE, WEEKS + REST))
    hours[:, :WEEKS] = np.arange(1, PEOPLE + 1)[:, None]
    one = as_lived(replace(rollout(debt, hours), rest=REST, role=np.arange(PEOPLE) % 2, seeds=(0, 1)))
    return replace(one, stayed=np.arange(PEOPLE) >= left, exposure=np.asarray([4, 4, 0, 0]))


LIVES = {"wateringcan": life(0.0), "hybrid": life(0.5, left=3)}
FACTS = {"hybrid": {"belief_slope": 0.7, "belief_slope_low": 0.6, "belief_slope_high": 0.8, "belief_bias": 0.002}}


def test_figures_by_hand() -> None:
    can, hybrid = robustness_beside.rows(LIVES, FACTS, resamples=50)
    mean = 100 * START.mean()
    assert hybrid["debt after training"] == f"{0.5 * mean:.1f} %"
    assert hybrid["debt after rest"] == f"{0.55 * mean:.1f} %"
    assert can["debt after training"] == can["debt after rest"] == f"{mean:.1f} %"
    assert can["weeks to ready, median"] == "never"
    assert hybrid["coverage"] == "50 %"
    assert hybrid["Gini"] == "0.50"  # two of four items share everything alike
    assert hybrid["dropout"].startswith("10 % (")
    assert can["dropout"].startswith("0 % (")


def test_readiness_counts_who_never_gets_there() -> None:
    """Ready at once: no week; from the first week on (four Mondays before the rest): one; the others: all three."""
    [one] = robustness_beside.rows({"hybrid": life(0.5)}, {}, resamples=50)
    stay = np.where(START < 0.1, 0, np.where(0.5 * START < 0.1, 1, 3))
    assert one["restricted mean"].startswith(f"{stay.mean():.1f} (")


def test_belief_is_a_dash_where_nobody_asked_a_tracer_and_in_cells_of_earlier_versions() -> None:
    can, hybrid = robustness_beside.rows(LIVES, FACTS, resamples=50)
    assert can["true per predicted gain"] == "–"
    assert hybrid["true per predicted gain"] == "0.70 (0.60 to 0.80)"
    assert hybrid["predicted less true"] == "0.0020"


def test_the_group_that_gains_least_by_hand() -> None:
    can, hybrid = robustness_beside.fair_rows(LIVES, reference="wateringcan")
    thirds = [0.5 * part.mean() for part in np.split(START, 3)]
    assert hybrid["least by debt at first"] == f"{100 * thirds[0]:.1f} % (low)"
    assert hybrid["min/max by debt at first"] == f"{thirds[0] / thirds[2]:.2f}"
    assert hybrid["least by minutes"] == hybrid["least by debt at first"]  # hours rise with debt here
    both = [0.5 * START[role::2].mean() for role in (0, 1)]
    assert hybrid["least by role"] == f"{100 * both[0]:.1f} % (role 0)"
    assert hybrid["min/max by role"] == f"{both[0] / both[1]:.2f}"
    assert can["min/max by role"] == "–"  # nobody gained


def test_closed_debt_is_that_of_the_training_without_the_rest() -> None:
    assert robustness_beside.closed(LIVES["hybrid"]) == pytest.approx(0.5 * START)
