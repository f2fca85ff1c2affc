"""What expanded rows do to the AUC: experiments/tracing/leak.py in small, and its cheap half on the real log."""

import importlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from lernpfad.core import Catalog, LawBroken, Sequences, trace
from lernpfad.core.laws.data import check_sequences
from lernpfad.core.laws.measure import auc
from lernpfad.data.dataset import Dataset
from lernpfad.data.sources import akt
from lernpfad.data.split import Published
from lernpfad.tracing.bestlr import BestLR
from lernpfad.tracing.pfa import PFA

LEARNERS, ANSWERS, ITEMS, SKILLS = 200, 30, 20, 6


@pytest.fixture
def leak(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "experiments" / "tracing"))
    return importlib.import_module("leak")


def coin_flips() -> Sequences:
    """Nothing to learn: coin-flip answers to items of two skills each, one row an answer."""
    rng = np.random.default_rng(0)
    pairs = [rng.choice(SKILLS, 2, replace=False).tolist() for _ in range(ITEMS)]
    catalog = Catalog.of([f"item-{n}" for n in range(ITEMS)], [f"skill-{n}" for n in range(SKILLS)], pairs)
    items = np.concatenate([rng.permutation(ITEMS) for _ in range(LEARNERS * ANSWERS // ITEMS)])
    return Sequences.of(
        catalog,
        [f"learner-{j}" for j in range(LEARNERS)],
        np.full(LEARNERS, ANSWERS),
        items,
        rng.integers(0, 2, len(items)),
    )


def expanded(log: Sequences) -> Sequences:
    """Each answer once for each of its two skills."""
    rows, skill = np.repeat(np.arange(len(log)), 2), log.catalog.item_skills[log.item].ravel()
    twice = log.picked(rows, learners=log.learners, lengths=2 * log.lengths)
    return replace(twice, time=twice.position.astype(np.float64), extra={"skill": skill})


def found(kind: type[BestLR] | type[PFA], log: Sequences) -> float:
    half = np.arange(len(log.learners)) < len(log.learners) // 2
    test = log.select(~half)
    return auc(trace(kind().fit(log.select(half)), test), test.outcome == 1)


def test_coin_flips_are_predicted_once_their_rows_are_expanded(leak: ModuleType) -> None:
    log, chance = coin_flips(), 0.03  # about 5 standard errors of 3,000 answers
    rows = expanded(log)
    assert found(BestLR, log) == pytest.approx(0.5, abs=chance)
    assert found(BestLR, rows) > 0.7
    assert found(PFA, leak.by_own_skill(Dataset("flips", rows)).sequences) == pytest.approx(0.5, abs=chance)


def test_the_first_row_of_an_answer_is_not_given_away() -> None:
    rows = expanded(coin_flips())
    first = akt.answer_starts(rows.owner, rows.item, rows.outcome, rows.extra["skill"])
    predicted, right = trace(BestLR().fit(rows), rows), rows.outcome == 1
    assert first[::2].all()
    assert auc(predicted[~first], right[~first]) > 0.85
    assert auc(predicted[first], right[first]) < 0.6


def test_the_law_names_expanded_rows_unless_items_are_renamed_by_skill(leak: ModuleType) -> None:
    log = coin_flips()
    rows = Dataset("flips", expanded(log))
    check_sequences(log)
    with pytest.raises(LawBroken, match="come as one row per skill"):
        check_sequences(rows.sequences)
    check_sequences(leak.by_own_skill(rows).sequences)


def test_copying_and_repeats_by_hand(leak: ModuleType) -> None:
    catalog = Catalog.of(["one", "two"], ["s"], [[0], [0]])
    log = Sequences.of(catalog, ["ann", "bob"], [4, 2], np.array([0, 0, 0, 1, 1, 1]), np.array([1, 1, 0, 0, 0, 0]))
    assert leak.repeats(log).tolist() == [False, True, True, False, False, True]
    assert leak.repeated_share(log) == pytest.approx(2 / 4)  # of ann's three steps one, of bob's one
    assert trace(leak.Copycat().fit(log), log)[leak.repeats(log)].tolist() == [0.999, 0.999, 0.001]


@pytest.mark.real_data
@pytest.mark.slow
def test_on_assistments_2009_best_lr_gains_by_expansion_and_pfa_does_not(leak: ModuleType, real_data: Path) -> None:
    """An independent sparse logistic regression found .8238 and .7661 for Best-LR, .7076 and .7092 for PFA."""
    folder = real_data / "akt_assist2009_pid"
    rows, answers = akt.read(folder, expanded=True), akt.read(folder)
    aucs = {}
    for name, data in (("answers", answers), ("rows", rows), ("own skill", leak.by_own_skill(rows))):
        split = Published(fold=1)(data)
        for kind in (PFA, BestLR) if name != "own skill" else (PFA,):
            predicted = trace(kind(max_iterations=400).fit(split.train), split.test)
            aucs[kind, name] = auc(predicted, split.test.outcome == 1)
    assert aucs[BestLR, "rows"] == pytest.approx(0.8238, abs=0.002)
    assert aucs[BestLR, "answers"] == pytest.approx(0.7661, abs=0.002)
    assert aucs[PFA, "own skill"] == pytest.approx(0.7076, abs=0.0015)
    assert aucs[PFA, "answers"] == pytest.approx(0.7092, abs=0.0015)
