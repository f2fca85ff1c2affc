"""One training run: what it tells, when it stops, and that an interruption changes nothing."""

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lernpfad.core import ConfigError, DataError
from lernpfad.core.laws.planted import PlantedAnswers
from lernpfad.core.persist import learned
from lernpfad.training import Fitting, NeuralTracer
from training.tiny import ragged, tiny

LAST: dict[str, Any] = {"min_delta": -1.0, "network": {"dropout": 0.4}}
"""Every epoch counts as better, so that the weights are those of the last one; and dropout, which draws numbers."""


class Interrupted(Exception):
    pass


def stop_at(epoch: int) -> object:
    def listener(now: int, metrics: object) -> None:
        if now == epoch:
            raise Interrupted

    return listener


def same(one: NeuralTracer, other: NeuralTracer) -> None:
    first, second = learned(one), learned(other)
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(planted: PlantedAnswers, tmp_path: Path) -> None:
    whole = tiny(**LAST).fit(planted.train, planted.valid)
    cut = tiny(**LAST, checkpoints=str(tmp_path))
    cut.listeners.append(stop_at(2))
    with pytest.raises(Interrupted):
        cut.fit(planted.train, planted.valid)
    heard: list[int] = []
    again = tiny(**LAST, checkpoints=str(tmp_path))
    again.listeners.append(lambda epoch, metrics: heard.append(epoch))
    same(again.fit(planted.train, planted.valid), whole)
    assert heard == [2, 3]


CYCLE: dict[str, Any] = {**LAST, "schedule": "onecycle", "patience": 9}


def test_a_resumed_cycle_ends_with_the_weights_of_an_uninterrupted_one(planted: PlantedAnswers, tmp_path: Path) -> None:
    whole = tiny(**CYCLE).fit(planted.train, planted.valid)
    cut = tiny(**CYCLE, checkpoints=str(tmp_path))
    cut.listeners.append(stop_at(2))
    with pytest.raises(Interrupted):
        cut.fit(planted.train, planted.valid)
    same(tiny(**CYCLE, checkpoints=str(tmp_path)).fit(planted.train, planted.valid), whole)


def test_a_cycle_cannot_be_prolonged(planted: PlantedAnswers, tmp_path: Path) -> None:
    """Its rate has fallen to nothing by then; a longer one is another run from its first step on."""
    tiny(**CYCLE, max_epochs=1, checkpoints=str(tmp_path)).fit(planted.train, planted.valid)
    with pytest.raises(ConfigError, match="belong to a run with other settings"):
        tiny(**CYCLE, max_epochs=2, checkpoints=str(tmp_path)).fit(planted.train, planted.valid)


def test_a_cycle_rises_to_its_rate_and_falls_to_nothing(planted: PlantedAnswers, monkeypatch: Any) -> None:
    rates: list[float] = []
    step = torch.optim.AdamW.step

    def noting(self: Any, *given: Any, **more: Any) -> Any:
        rates.append(self.param_groups[0]["lr"])
        return step(self, *given, **more)

    monkeypatch.setattr(torch.optim.AdamW, "step", noting)
    tiny(**CYCLE, learning_rate=0.02).fit(planted.train, planted.valid)
    top = int(np.argmax(rates))
    assert max(rates) == pytest.approx(0.02, rel=0.05)
    assert rates == [*sorted(rates[: top + 1]), *sorted(rates[top + 1 :], reverse=True)]
    assert rates[-1] < 1e-3 * rates[top]


def test_a_finished_run_is_not_trained_again(planted: PlantedAnswers, tmp_path: Path) -> None:
    first = tiny(checkpoints=str(tmp_path)).fit(planted.train, planted.valid)
    again = tiny(checkpoints=str(tmp_path))
    again.listeners.append(stop_at(0))
    same(again.fit(planted.train, planted.valid), first)


def test_a_longer_run_goes_on_from_a_shorter_one(planted: PlantedAnswers, tmp_path: Path) -> None:
    whole = tiny(**LAST, max_epochs=4).fit(planted.train, planted.valid)
    tiny(**LAST, max_epochs=2, checkpoints=str(tmp_path)).fit(planted.train, planted.valid)
    same(tiny(**LAST, max_epochs=4, checkpoints=str(tmp_path)).fit(planted.train, planted.valid), whole)


def test_a_folder_that_was_moved_keeps_its_best(planted: PlantedAnswers, tmp_path: Path) -> None:
    """No later epoch counts as better, so that a forgotten best would show."""
    whole = tiny(max_epochs=4, min_delta=0.9).fit(planted.train, planted.valid)
    tiny(max_epochs=2, min_delta=0.9, checkpoints=str(tmp_path / "here")).fit(planted.train, planted.valid)
    moved = (tmp_path / "here").rename(tmp_path / "there")
    same(tiny(max_epochs=4, min_delta=0.9, checkpoints=str(moved)).fit(planted.train, planted.valid), whole)


@pytest.mark.parametrize("left", [b"", b"half of a checkpoint"])
def test_a_damaged_checkpoint_is_named(planted: PlantedAnswers, tmp_path: Path, left: bytes) -> None:
    (tmp_path / "last.ckpt").write_bytes(left)
    with pytest.raises(ConfigError, match=r"last.ckpt' cannot be read \(\w+\); delete '.*' to start afresh"):
        tiny(checkpoints=str(tmp_path), max_epochs=1).fit(planted.train, planted.valid)


@pytest.mark.parametrize("other", [{"learning_rate": 0.1}, {"seed": 1}, {"network": {"dropout": 0.7}}])
def test_checkpoints_of_another_run_are_refused(planted: PlantedAnswers, tmp_path: Path, other: dict) -> None:
    tiny(checkpoints=str(tmp_path), max_epochs=1).fit(planted.train, planted.valid)
    with pytest.raises(ConfigError, match="belong to a run with other settings, network or data"):
        tiny(checkpoints=str(tmp_path), **{"max_epochs": 1, **other}).fit(planted.train, planted.valid)


def test_checkpoints_hold_no_pickled_code(planted: PlantedAnswers, tmp_path: Path) -> None:
    tiny(checkpoints=str(tmp_path), max_epochs=1).fit(planted.train, planted.valid)
    for name in ("last.ckpt", "best.ckpt"):
        assert "state_dict" in torch.load(tmp_path / name, weights_only=True)


def test_listeners_hear_every_epoch_once(planted: PlantedAnswers) -> None:
    heard: list[tuple[int, dict[str, float]]] = []
    tracer = tiny(max_epochs=3)
    tracer.listeners.append(lambda epoch, metrics: heard.append((epoch, dict(metrics))))
    tracer.fit(planted.train, planted.valid)
    assert [epoch for epoch, _ in heard] == [0, 1, 2]
    assert all(set(metrics) == {"train/loss", "valid/auc", "valid/loss"} for _, metrics in heard)
    assert heard[-1][1]["train/loss"] < heard[0][1]["train/loss"]
    assert len({metrics["valid/auc"] for _, metrics in heard}) == 3


def test_the_best_epoch_is_restored_and_counts_only_by_min_delta(planted: PlantedAnswers) -> None:
    """With a min_delta that nothing can beat, the first epoch stays the best, and patience ends the run."""
    heard: list[int] = []
    tracer = tiny(max_epochs=50, patience=2, min_delta=0.9)
    tracer.listeners.append(lambda epoch, metrics: heard.append(epoch))
    tracer.fit(planted.train, planted.valid)
    assert heard == [0, 1, 2]
    same(tracer, tiny(max_epochs=1).fit(planted.train, planted.valid))


def test_without_validation_some_learners_are_set_aside(planted: PlantedAnswers) -> None:
    heard: list[float] = []
    tracer = tiny(max_epochs=2)
    tracer.listeners.append(lambda epoch, metrics: heard.append(metrics["valid/auc"]))
    tracer.fit(planted.train)
    assert len(heard) == 2
    assert all(0 < value < 1 for value in heard)


@pytest.mark.parametrize("learners", [1, 2])
def test_a_learner_or_two_are_enough_to_train(learners: int) -> None:
    logs = ragged([0, 12, 0, 12][: 2 * learners])
    predicted = tiny(max_epochs=1).fit(logs).trace(logs)
    assert ((predicted > 0) & (predicted < 1)).all()


def test_validation_of_one_kind_of_answer_has_auc_one_half() -> None:
    logs = ragged([8] * 6, declined=0.0)
    right = logs.with_outcome(np.ones(len(logs)))
    heard: list[float] = []
    tracer = tiny(max_epochs=1)
    tracer.listeners.append(lambda epoch, metrics: heard.append(metrics["valid/auc"]))
    tracer.fit(logs, right)
    assert heard == [0.5]


def test_histories_without_an_answer_are_refused() -> None:
    logs = ragged([5, 5])
    with pytest.raises(DataError, match="no assessed answer in the training histories"):
        tiny().fit(logs.with_outcome(np.full(len(logs), -1)))


def test_the_caller_keeps_her_random_numbers_and_her_log_levels(planted: PlantedAnswers) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    logging.getLogger("lightning.pytorch").setLevel(logging.INFO)
    tiny(max_epochs=1).fit(planted.train, planted.valid)
    torch.testing.assert_close(torch.rand(3), expected)
    assert logging.getLogger("lightning.pytorch").level == logging.INFO


def test_training_says_nothing(planted: PlantedAnswers, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tiny(max_epochs=1).fit(planted.train, planted.valid)
    assert not caught
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"max_epochs": 0}, "max_epochs is 0, expected at least 1"),
        ({"patience": 0}, "patience is 0"),
        ({"batch_rows": 0}, "batch_rows is 0"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0, expected a number above 0"),
        ({"holdout": 1.0}, "holdout is 1.0, expected a share"),
        ({"schedule": "onecyle"}, "no schedule named 'onecyle'; did you mean 'onecycle'"),
    ],
)
def test_impossible_settings_are_refused(wrong: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Fitting(**wrong)
