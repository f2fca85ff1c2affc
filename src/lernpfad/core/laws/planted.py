"""Synthetic histories with a planted truth, small enough that a law may fit a model on them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator, default_rng

from lernpfad.core.arrays import Array, BoolArray, FloatArray, IntArray
from lernpfad.core.catalog import KINDS, Catalog
from lernpfad.core.sequences import CORRECT, NOT_ASSESSED, WRONG, Sequences

DAY = 86_400.0
START = 1_700_000_000.0
"""Seconds since the epoch at which planted histories begin."""

EASY, HARD = -1.3, 1.3
READ = KINDS.index("read")
UNSEEN_ITEM, UNSEEN_SKILL, NO_SKILL = 21, 22, 23
"""Items of `answer_catalog` that no planted history contains: new, new with a new skill, without any skill."""


@dataclass(frozen=True, eq=False)
class PlantedAnswers:
    """Answers from a known truth: ability of the learner, difficulty of skill and item, growth by practice.

    train, valid, test: different learners, with declined offers and texts that are not graded among the rows.
    probe: few histories with every awkward case: empty, one row, long, declined, unknown items.
    """

    train: Sequences
    valid: Sequences
    test: Sequences
    probe: Sequences

    @property
    def catalog(self) -> Catalog:
        """The items of all four."""
        return self.train.catalog

    @property
    def base_rate(self) -> float:
        """Share of correct answers in `train`."""
        return float(self.train.outcome[self.train.assessed].mean())

    def with_coin_flips(self, seed: int) -> "PlantedAnswers":
        """The same histories with answers that are independent of everything."""
        rng = default_rng(seed)

        def flipped(part: Sequences) -> Sequences:
            coin = rng.random(len(part)) < self.base_rate
            return part.with_outcome(np.where(part.assessed, coin, part.outcome))

        return PlantedAnswers(flipped(self.train), flipped(self.valid), flipped(self.test), flipped(self.probe))


def answer_catalog() -> Catalog:
    """24 items on 5 skills: exercises of one or two skills, two texts, and three items that are never seen."""
    single = [[k] for k in (0, 1, 2, 3) for _ in range(4)]
    double = [[0, 1], [1, 2], [2, 3]]
    skills = [*single, *double, [0], [2], [1], [4], []]
    kind = np.zeros(len(skills), dtype=np.int8)
    kind[[19, 20]] = READ
    minutes = 3.0 + np.arange(len(skills)) % 5
    names = [f"item-{i}" for i in range(len(skills))]
    prerequisites = [(0, 1), (1, 2)]
    return Catalog.of(
        names, [f"skill-{k}" for k in range(5)], skills, minutes=minutes, kind=kind, prerequisites=prerequisites
    )


def planted_answers(*, learners: int = 240, seed: int = 0) -> PlantedAnswers:
    """Histories of `learners` for training, a quarter as many for validation and half as many for the test."""
    catalog, rng = answer_catalog(), default_rng(seed)
    difficulty = np.linspace(EASY, HARD, len(catalog.skills))
    item_difficulty = rng.normal(0.0, 0.7, len(catalog))

    def some(name: str, count: int) -> Sequences:
        lengths = np.minimum(3 + rng.geometric(0.07, count), 45)
        return _histories(catalog, name, lengths, skill=difficulty, item=item_difficulty, rng=rng)

    train, valid, test = some("train", learners), some("valid", learners // 4), some("test", learners // 2)
    awkward = np.array([12, 0, 1, 230, 5, 33, 2, 0, 18, 7])
    probe = _histories(catalog, "probe", awkward, skill=difficulty, item=item_difficulty, rng=rng)
    probe.item[probe.position % 11 == 4] = -1
    return PlantedAnswers(train, valid, test, probe)


def _histories(
    catalog: Catalog, name: str, lengths: IntArray, *, skill: FloatArray, item: FloatArray, rng: Generator
) -> Sequences:
    ability = rng.normal(-0.4, 0.9, len(lengths))
    columns: dict[str, list[Array]] = {"item": [], "outcome": [], "accepted": [], "time": []}
    for learner, length in enumerate(lengths):
        items = rng.integers(0, UNSEEN_ITEM, length)
        accepted = rng.random(length) > 0.12
        practised = np.zeros(len(catalog.skills))
        outcome = np.full(length, NOT_ASSESSED)
        for row in np.flatnonzero(accepted):
            skills = catalog.item_skills[items[row]]
            skills = skills[skills >= 0]
            logit = ability[learner] + (0.25 * np.minimum(practised[skills], 8) - skill[skills]).mean()
            if catalog.assessed[items[row]]:
                correct = rng.random() < 1 / (1 + np.exp(item[items[row]] - logit))
                outcome[row] = CORRECT if correct else WRONG
            practised[skills] += 1
        gaps = np.where(rng.random(length) < 0.2, DAY * (1 + rng.integers(0, 9, length)), rng.integers(20, 400, length))
        for column, values in zip(columns.values(), (items, outcome, accepted, START + np.cumsum(gaps)), strict=True):
            column.append(values)
    names = [f"{name}-{j}" for j in range(len(lengths))]
    whole = {key: np.concatenate(parts) for key, parts in columns.items()}
    return Sequences.of(
        catalog, names, lengths, whole["item"], whole["outcome"], accepted=whole["accepted"], time=whole["time"]
    )


@dataclass(frozen=True, eq=False)
class PlantedTakeUp:
    """Take-up with a planted structure: everybody takes mostly what belongs to her block, and some items more often.

    train, valid, test: different learners. block: of each item, `[I]`. belongs: block of each test learner.
    hidden: what the test learners took besides their histories, `[learners, I]`.
    """

    train: Sequences
    valid: Sequences
    test: Sequences
    block: IntArray
    belongs: IntArray
    hidden: BoolArray

    @property
    def catalog(self) -> Catalog:
        """The items of all three."""
        return self.train.catalog


def planted_take_up(*, learners: int = 240, blocks: int = 4, items: int = 40, seed: int = 0) -> PlantedTakeUp:
    """Learners take an item of their block with probability .2 to .9, of another one a seventh as often."""
    rng = default_rng(seed)
    block = np.arange(items) % blocks
    appeal = rng.permutation(np.linspace(0.2, 0.9, items))
    catalog = Catalog.of(
        [f"item-{i}" for i in range(items)], [f"skill-{k}" for k in range(blocks)], [[int(b)] for b in block]
    )

    def taken(count: int) -> tuple[IntArray, BoolArray]:
        belongs = rng.integers(0, blocks, count)
        chance = appeal * np.where(block == belongs[:, None], 1.0, 1 / 7)
        return belongs, rng.random((count, items)) < chance

    def history(name: str, took: BoolArray) -> Sequences:
        return _take_up_rows(catalog, name, took, rng)

    _, train = taken(learners)
    _, valid = taken(learners // 4)
    belongs, test = taken(learners // 2)
    hidden = test & (rng.random(test.shape) < 0.4)
    return PlantedTakeUp(
        history("train", train), history("valid", valid), history("test", test & ~hidden), block, belongs, hidden
    )


def _take_up_rows(catalog: Catalog, name: str, took: BoolArray, rng: Generator) -> Sequences:
    declined = ~took & (rng.random(took.shape) < 0.1)
    offered = took | declined
    order = np.argsort(rng.random(took.shape), axis=1)
    there = np.take_along_axis(offered, order, axis=1)
    learner, place = np.nonzero(there)
    item = order[learner, place]
    accepted = took[learner, item]
    outcome = np.where(accepted, rng.random(len(item)) < 0.7, NOT_ASSESSED)
    names = [f"{name}-{j}" for j in range(len(took))]
    taken = Sequences.of(catalog, names, offered.sum(axis=1), item, outcome, accepted=accepted)
    # a clock: somebody begins every day for a month, and is offered something four times a day
    return replace(taken, time=START + DAY * (learner % 30 + taken.position / 4))
