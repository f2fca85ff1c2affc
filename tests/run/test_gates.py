"""What a challenger may be worse at, and by how much."""

import pytest

from lernpfad.core import ConfigError
from lernpfad.run.gates import Gate, number, refusals

AUC, LOSS = Gate("tracer/auc", "higher", 0.01), Gate("tracer/log_loss", "lower", 0.01)
CHAMPION = {"tracer": {"auc": 0.75, "log_loss": 0.5}, "rows": [1]}


@pytest.mark.parametrize(
    ("auc", "loss", "refused"),
    [
        (0.75, 0.5, 0),  # as good
        (0.9, 0.1, 0),  # better
        (0.742, 0.508, 0),  # worse within the tolerance
        (0.738, 0.5, 1),
        (0.75, 0.512, 1),
        (0.6, 0.7, 2),
        (0.9, 0.7, 1),  # better at one is no excuse for the other
    ],
)
def test_a_direction_and_a_tolerance(auc, loss, refused):
    assert len(refusals([AUC, LOSS], CHAMPION, {"tracer": {"auc": auc, "log_loss": loss}})) == refused


def test_a_refusal_says_the_figures():
    line = AUC.refusal(CHAMPION, {"tracer": {"auc": 0.7}})
    assert line == "tracer/auc is 0.7, the champion's 0.75, allowed is 0.01 worse"


def test_a_metric_that_the_challenger_lacks_is_refused_and_one_that_the_champion_lacks_is_no_gate():
    assert AUC.refusal(CHAMPION, {}) == "it has no tracer/auc (the champion has 0.75)"
    assert AUC.refusal(CHAMPION, {"tracer": {"auc": None}}) is not None  # undefined is not as good
    assert AUC.refusal({}, {"tracer": {"auc": 0.1}}) is None


def test_what_is_no_number_is_none():
    assert number(CHAMPION, "tracer") is None
    assert number(CHAMPION, "rows/0") is None
    assert number(CHAMPION, "tracer/auc/low") is None


def test_a_gate_without_meaning_is_refused():
    with pytest.raises(ConfigError, match=r"no value of better .*named 'hihger'; did you mean 'higher'"):
        Gate("tracer/auc", "hihger")
    with pytest.raises(ConfigError, match=r"tolerance is -0\.1, expected 0 or more"):
        Gate("tracer/auc", "higher", -0.1)
