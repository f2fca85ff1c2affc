"""What histories and their division promise. `check_sequences(sequences)`, `check_split(split)`."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from lernpfad.core.arrays import Array, BoolArray
from lernpfad.core.errors import LawBroken
from lernpfad.core.laws.law import Law, demand, hold
from lernpfad.core.sequences import NOT_ASSESSED, Sequences

VISITS = 20
"""Visits to items of several skills from which on one can tell whether a log was expanded by skill."""

EXPANDED = 0.9
"""Share of such visits that come in runs of as many rows as the item has skills, in an expanded log."""


@dataclass(frozen=True, eq=False)
class SequencesCase:
    """Histories that are held to the laws, under a name for the messages."""

    sequences: Sequences
    subject: str = "sequences"

    def row(self, row: int) -> str:
        """A row by its number, learner, item and time."""
        log = self.sequences
        learner, item = log.learners[log.owner[row]], int(log.item[row])
        name = f"'{log.catalog.items[item]}'" if 0 <= item < len(log.catalog) else str(item)
        return f"row {row} (learner '{learner}', item {name}, time {log.time[row]:.10g})"

    def refuse(self, wrong: BoolArray, reason: str) -> None:
        """Raise LawBroken with the first wrong row named."""
        if wrong.any():
            raise LawBroken(f"{self.row(int(np.argmax(wrong)))} {reason}; {int(wrong.sum())} such rows")


def sorted_in_time(case: SequencesCase) -> None:
    """Every history runs forward: no row is earlier than the one before it."""
    log = case.sequences
    back = np.concatenate([[False], np.diff(log.time) < 0]) & (log.position > 0) if len(log) else np.zeros(0, bool)
    case.refuse(back, "is earlier than the row before it")


def one_row_per_offer(case: SequencesCase) -> None:
    """No offer is logged twice: learner, item and time together name one row."""
    log = case.sequences
    known = log.item >= 0
    order = np.lexsort((np.arange(len(log)), log.time, log.item, log.owner))
    keys = np.stack([log.owner, log.item, log.time])[:, order]
    twice = np.zeros(len(log), dtype=bool)
    twice[order[1:]] = (keys[:, 1:] == keys[:, :-1]).all(axis=0)
    case.refuse(twice & known, "is there twice")


def never_expanded(case: SequencesCase) -> None:
    """One answer is one row, however many skills its item has; a log expanded by skill gives the answer away."""
    log = case.sequences
    skills = (log.catalog.skills_of(log.item) >= 0).sum(axis=-1)
    first, length = _runs(np.stack([log.owner, log.item, log.outcome]))
    several = skills[first] >= 2
    in_step = length[several] % skills[first][several] == 0
    if several.sum() >= VISITS and in_step.mean() >= EXPANDED:
        raise LawBroken(
            f"{int(in_step.sum())} of {len(in_step)} visits to items with several skills come as one row per skill, as "
            f"at {case.row(int(first[several][np.argmax(in_step)]))}; collapse them into one row per answer"
        )


def columns_in_range(case: SequencesCase) -> None:
    """Items are in the catalog or -1, outcomes -1, 0 or 1, and -1 if declined; minutes and times are finite."""
    log = case.sequences
    case.refuse((log.item < -1) | (log.item >= len(log.catalog)), "names an item that the catalog does not hold")
    case.refuse(~np.isin(log.outcome, (-1, 0, 1)), "has an outcome that is not -1, 0 or 1")
    case.refuse(~log.accepted & (log.outcome != NOT_ASSESSED), "was declined and has an outcome all the same")
    case.refuse(~np.isfinite(log.minutes) | (log.minutes < 0), "has minutes that are negative or not finite")
    case.refuse(~np.isfinite(log.time), "has a time that is not finite")


def learners_once(case: SequencesCase) -> None:
    """Every learner has one history."""
    names, count = np.unique(case.sequences.learners, return_counts=True)
    if (count > 1).any():
        raise LawBroken(f"learner '{names[np.argmax(count)]}' has {count.max()} histories, expected one")


class Divided(Protocol):
    """Histories divided into three; the masks say which rows are scored, the others being history only."""

    @property
    def train(self) -> Sequences:
        """What is trained on."""
        ...

    @property
    def valid(self) -> Sequences:
        """What validates."""
        ...

    @property
    def test(self) -> Sequences:
        """What is tested."""
        ...


@dataclass(frozen=True, eq=False)
class SplitCase:
    """A division that is held to the laws. by_learner: whether it claims to keep every learner on one side."""

    split: Divided
    by_learner: bool = True

    @property
    def subject(self) -> str:
        """Name of the split."""
        return f"split '{getattr(self.split, 'name', type(self.split).__name__)}'"

    @property
    def parts(self) -> dict[str, Sequences]:
        """The three parts by name."""
        return {name: getattr(self.split, name) for name in ("train", "valid", "test")}


def learner_on_one_side(case: SplitCase) -> None:
    """No learner is on both sides of a learner-wise split."""
    parts = list(case.parts.items())
    for place, (one, ours) in enumerate(parts):
        for other, theirs in parts[place + 1 :]:
            both = np.intersect1d(identities(ours), identities(theirs))
            if len(both):
                raise LawBroken(f"{len(both)} learners are in {one} and in {other}, the first is '{both[0]}'")


def no_training_on_the_future(case: SplitCase) -> None:
    """In a split by time no training row is later than a scored one."""
    for name in ("valid", "test"):
        part, scored = case.parts[name], getattr(case.split, f"{name}_scored")
        latest, first = case.split.train.time.max(initial=-np.inf), part.time[scored].min(initial=np.inf)
        demand(latest <= first, f"train reaches to {latest:.10g}, the first scored row of {name} is at {first:.10g}")


def cuts_kept(case: SplitCase) -> None:
    """A split that names its cuts in time trains up to the first, validates after it and tests after the second."""
    cuts = getattr(case.split, "cuts", None)
    assert cuts is not None, "this case names no cuts"
    latest = case.split.train.time.max(initial=-np.inf)
    demand(latest <= cuts[0], f"train reaches to {latest:.10g}, beyond the cut at {cuts[0]:.10g}")
    for name, cut in zip(("valid", "test"), cuts, strict=True):
        part, scored = case.parts[name], getattr(case.split, f"{name}_scored")
        first = part.time[scored].min(initial=np.inf)
        demand(first > cut, f"a scored row of {name} is at {first:.10g}, not after the cut at {cut:.10g}")


def cold_items_untrained(case: SplitCase) -> None:
    """In a split for cold items no training row has an item of a scored row."""
    trained = np.unique(case.split.train.item)
    for name in ("valid", "test"):
        part, scored = case.parts[name], getattr(case.split, f"{name}_scored")
        known = np.intersect1d(part.item[scored], trained)
        if len(known):
            raise LawBroken(
                f"{len(known)} items of scored rows of {name} are trained on, the first is "
                f"'{part.catalog.items[known[0]] if known[0] >= 0 else 'unknown'}'"
            )


def something_on_every_side(case: SplitCase) -> None:
    """There is a row to train on, and one to score on either side."""
    for name, part in case.parts.items():
        scored = getattr(case.split, f"{name}_scored", np.ones(len(part), dtype=bool))
        demand(scored.any(), f"{name} has {len(part)} rows and none that counts")


def identities(part: Sequences) -> Array:
    """The learners behind a part, also where a history was cut into windows (`extra["learner"]`)."""
    return np.unique(part.extra["learner"]) if "learner" in part.extra else np.unique(part.learners)


def _runs(keys: Array) -> tuple[Array, Array]:
    """First row and length of every run of equal columns of `keys`, `[fields, N]`."""
    if not keys.shape[1]:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    new = np.concatenate([[True], (keys[:, 1:] != keys[:, :-1]).any(axis=0)])
    first = np.flatnonzero(new)
    return first, np.diff(np.append(first, keys.shape[1]))


SEQUENCE_LAWS: Final[tuple[Law[SequencesCase], ...]] = (
    Law(columns_in_range),
    Law(learners_once),
    Law(sorted_in_time),
    Law(one_row_per_offer),
    Law(never_expanded),
)

SPLIT_LAWS: Final[tuple[Law[SplitCase], ...]] = (
    Law(something_on_every_side),
    Law(learner_on_one_side, fits=lambda case: case.by_learner),
    Law(no_training_on_the_future, fits=lambda case: not case.by_learner),
    Law(cuts_kept, fits=lambda case: getattr(case.split, "cuts", None) is not None),
    Law(cold_items_untrained, fits=lambda case: bool(getattr(case.split, "cold", False))),
)


def check_sequences(sequences: Sequences, *, name: str = "sequences") -> None:
    """Hold histories to every law; LawBroken names the first wrong row of each."""
    hold(SEQUENCE_LAWS, SequencesCase(sequences, name))


def check_split(split: Divided, *, by_learner: bool = True) -> None:
    """Hold a division to the laws of learner-wise ones, or of ones in time (`by_learner` False).

    One that has `cuts` (two times) or is `cold` is held to what these promise as well.
    """
    hold(SPLIT_LAWS, SplitCase(split, by_learner=by_learner))
