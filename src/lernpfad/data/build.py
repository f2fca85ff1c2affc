"""From a source and a way to divide it to the data set and its checked split."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from lernpfad.core import BoolArray, DataError, IntArray, Sequences
from lernpfad.core.laws.data import SplitCase, cold_items_untrained, cuts_kept, learner_on_one_side
from lernpfad.core.laws.law import Law, hold
from lernpfad.data.dataset import Dataset, Split, Splitter

PARTS = ("train", "valid", "test")


def prepare(source: Dataset | Callable[[], Dataset], split: Splitter) -> tuple[Dataset, Split]:
    """The data set and its split, with the promises of a split checked: see `check`.

    source: a data set, or what reads one when it is called.
    """
    dataset = source if isinstance(source, Dataset) else source()
    divided = split(dataset)
    check(divided, dataset=dataset)
    return dataset, divided


def check(split: Split, *, dataset: Dataset) -> None:
    """Raise DataError unless there is something to train and to score on, and no row is scored twice or on two sides.

    A row is known by learner and place in her history. History that is not scored may be anywhere. What the split
    promises besides (whole learners, cuts in time, cold items) is checked by the laws; LawBroken if it does not hold.
    """
    where = f"data set '{dataset.name}', split '{split.name}'"
    if not len(split.train):
        raise DataError(f"{where}: no training interactions; hold less of it out")
    if not split.test_scored.any():
        raise DataError(f"{where}: nothing to test; hold more of it out")
    index = _learner_index(dataset)
    keys = {part: _keys(getattr(split, part), index)[_used(split, part)] for part in PARTS}
    for part in PARTS:
        distinct = np.unique(keys[part])
        if len(distinct) < len(keys[part]):
            raise DataError(f"{where}: {len(keys[part]) - len(distinct)} rows of {part} are there twice")
        keys[part] = distinct
    for one, other in (("train", "valid"), ("train", "test"), ("valid", "test")):
        shared = np.intersect1d(keys[one], keys[other], assume_unique=True)
        if len(shared):
            learner, place = divmod(int(shared[0]), _WIDTH)
            raise DataError(
                f"{where}: interaction {place} of learner '{dataset.sequences.learners[learner]}' is in {one} and "
                f"in {other}; each interaction belongs to one side"
            )
    promised = (
        (split.by_learner, learner_on_one_side),
        (bool(split.cuts), cuts_kept),
        (split.cold, cold_items_untrained),
    )
    hold([Law(law) for claimed, law in promised if claimed], SplitCase(split, by_learner=split.by_learner))


def sides(split: Split, *, dataset: Dataset) -> dict[str, IntArray]:
    """How many rows of each learner train, validate and are tested, each `[J]` over the learners of the data set."""
    index = _learner_index(dataset)
    count = len(dataset.sequences.learners)
    return {
        part: np.bincount(_keys(getattr(split, part), index)[_used(split, part)] // _WIDTH, minlength=count)
        for part in PARTS
    }


def write_split(split: Split, path: str | Path, *, dataset: Dataset) -> None:
    """Save who is where as csv: learner, and the number of rows that train, validate and are tested."""
    columns = sides(split, dataset=dataset)
    rows = zip(dataset.sequences.learners.tolist(), *(columns[part].tolist() for part in PARTS), strict=True)
    quoted = ('"' + learner.replace('"', '""') + '",' + ",".join(map(str, counts)) for learner, *counts in rows)
    text = "\n".join([",".join(("learner", *PARTS)), *quoted, ""])
    Path(path).write_text(text, encoding="utf-8")


_WIDTH = 1 << 32  # longer than any history


def _learner_index(dataset: Dataset) -> Mapping[str, int]:
    return {learner: j for j, learner in enumerate(dataset.sequences.learners.tolist())}


def _keys(part: Sequences, index: Mapping[str, int]) -> IntArray:
    """A number for each row, made of learner and place in the history, whether the part is windowed or not."""
    if "position" in part.extra and "learner" in part.extra:
        return part.extra["learner"] * _WIDTH + part.extra["position"]
    owner = np.asarray([index[learner] for learner in part.learners.tolist()], dtype=np.int64)
    return np.repeat(owner, part.lengths) * _WIDTH + part.position


def _used(split: Split, part: str) -> BoolArray:
    mask: BoolArray = np.ones(len(split.train), dtype=bool) if part == "train" else getattr(split, f"{part}_scored")
    return mask
