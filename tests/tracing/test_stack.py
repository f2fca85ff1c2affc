"""Stacks and calibration: planted miscalibration is undone, the better member is believed, members keep their ways."""

from pathlib import Path

import numpy as np
import pytest

from lernpfad.core import ConfigError, state_after, trace
from lernpfad.core.laws.planted import PlantedAnswers
from lernpfad.evaluate.metrics import tracing_metrics
from lernpfad.run import store
from lernpfad.tracing.bkt import BKT
from lernpfad.tracing.calibrated import Calibrated, _scaled
from lernpfad.tracing.itemmean import ItemMean
from lernpfad.tracing.stack import Stack, combined, weights
from training.tiny import tiny


class TooSure(BKT):
    """BKT that doubles its log-odds and adds a half."""

    def trace(self, histories):
        said = np.clip(super().trace(histories), 1e-6, 1 - 1e-6)
        return 1 / (1 + np.exp(-(2 * np.log(said / (1 - said)) + 0.5)))


def ece(tracer, histories) -> float:
    rows = histories.assessed
    return tracing_metrics(trace(tracer, histories)[rows], histories.outcome[rows])["ece"]


def test_slope_and_offset_by_hand() -> None:
    """Where log-odds -1 and 1 are said equally often and half of them come true, slope and offset follow."""
    said = np.repeat([-1.0, 1.0], 100)
    answer = np.concatenate([np.arange(100) < 50, np.arange(100) < 75]).astype(float)
    slope, offset = _scaled(said, answer, offset=True)
    assert slope[0] == pytest.approx(np.log(3) / 2, abs=1e-3)  # logit .75 = log 3 at 1, logit .5 = 0 at -1
    assert offset[0] == pytest.approx(np.log(3) / 2, abs=1e-3)
    slope, offset = _scaled(
        said, np.concatenate([np.arange(100) < 25, np.arange(100) < 75]).astype(float), offset=False
    )
    assert slope[0] == pytest.approx(np.log(3), abs=1e-3)
    assert offset[0] == 0.0


@pytest.mark.parametrize("method", ["temperature", "platt", "isotonic"])
def test_planted_miscalibration_is_undone(planted: PlantedAnswers, method: str) -> None:
    raw = TooSure().fit(planted.train)
    mended = Calibrated({"bkt": TooSure()}, method=method).fit(planted.train, planted.valid)
    assert ece(mended, planted.valid) < (0.8 if method == "temperature" else 0.5) * ece(raw, planted.valid)


def test_weights_find_the_member_that_knows() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=4000)
    right = (rng.random(4000) < 1 / (1 + np.exp(-truth))).astype(float)
    logits, before = np.stack([truth, rng.normal(size=4000)], axis=1), np.zeros(4000, dtype=int)
    found, bias = weights(logits, before, right, by_length=False, penalty=1.0)
    np.testing.assert_allclose(found[0], [1.0, 0.0], atol=0.12)
    assert (found[1] == 0).all()
    assert bias[0] == pytest.approx(0.0, abs=0.1)


def test_weights_shift_with_length() -> None:
    rng = np.random.default_rng(0)
    truth, before = rng.normal(size=8000), np.repeat([0, 100], 4000)
    right = (rng.random(8000) < 1 / (1 + np.exp(-truth))).astype(float)
    noise = rng.normal(size=8000)
    early = np.where(before == 0, truth, noise)
    late = np.where(before == 0, noise, truth)
    weight, bias = weights(np.stack([early, late], axis=1), before, right, by_length=True, penalty=1.0)
    for rows, expected in ((0, [1.0, 0.0]), (100, [0.0, 1.0])):
        unit = combined(np.eye(2), np.full(2, rows), weight, bias) - combined(np.zeros(2), rows, weight, bias)
        np.testing.assert_allclose(unit, expected, atol=0.15)


def test_a_stack_is_kept_and_revived_with_its_members(planted: PlantedAnswers, tmp_path: Path) -> None:
    stack = Stack({"bkt": BKT(), "dkt": tiny()}).fit(planted.train, planted.valid)
    store.save(tmp_path, stack, catalog=planted.train.catalog, roles=None, facts={})
    again = store.load(tmp_path)
    assert set(store.needs(tmp_path)) == {"torch", "lightning", "scipy"}
    np.testing.assert_array_equal(trace(again.model, planted.probe), trace(stack, planted.probe))
    assert type(again.model.members["bkt"]) is BKT


def test_listeners_hear_every_member(planted: PlantedAnswers) -> None:
    heard: set[str] = set()
    stack = Stack({"bkt": BKT(max_iterations=2), "dkt": tiny(max_epochs=1), "floor": ItemMean()})
    stack.listeners.append(lambda epoch, metrics: heard.update(metrics))
    stack.fit(planted.train)
    assert {"bkt/train/loss", "dkt/valid/auc"} <= heard


def test_members_keep_checkpoints_apart_and_go_on_from_them(planted: PlantedAnswers, tmp_path: Path) -> None:
    def stack() -> Stack:
        kept = {"checkpoints": str(tmp_path), "max_epochs": 2}
        return Stack({"one": tiny(**kept), "other": tiny(network={"dropout": 0.1}, **kept)})

    first = stack().fit(planted.train, planted.valid)
    again = stack()
    heard: list[int] = []
    again.listeners.append(lambda epoch, metrics: heard.append(epoch))
    again.fit(planted.train, planted.valid)
    assert heard == []
    np.testing.assert_array_equal(trace(again, planted.probe), trace(first, planted.probe))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "other"]
    assert first.members["one"].fitting.checkpoints == str(tmp_path)


def test_mastery_only_where_every_member_tells_it() -> None:
    assert hasattr(Stack({"bkt": BKT(), "dkt": tiny()}), "mastery")
    assert hasattr(Stack({"floor": ItemMean()}), "mastery") == hasattr(ItemMean(), "mastery")


def test_states_are_the_members_states(planted: PlantedAnswers) -> None:
    stack = Stack({"bkt": BKT()}).fit(planted.train, planted.valid)
    state = state_after(stack, planted.probe)
    np.testing.assert_array_equal(state["bkt"], state_after(stack.members["bkt"], planted.probe))


def test_wrong_settings_are_named() -> None:
    with pytest.raises(ConfigError, match="Stack: no members"):
        Stack({})
    with pytest.raises(ConfigError, match="2 members"):
        Calibrated({"a": BKT(), "b": BKT()})
    with pytest.raises(ConfigError, match="method is 'magic'"):
        Calibrated({"a": BKT()}, method="magic")  # type: ignore[arg-type]
