"""The review log of one person's flash cards, as py-fsrs publishes it: a card, a rating, when, and for how long."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lernpfad.core import Catalog, FloatArray, Sequences
from lernpfad.data import text
from lernpfad.data.dataset import Dataset
from lernpfad.data.faults import refuse
from lernpfad.data.files import Raw, load

COLUMNS = ("card_id", "review_rating", "review_time", "review_duration")
FAILED = 1
"""The rating "again"; 2 "hard", 3 "good" and 4 "easy" are recalls."""


def read(
    folder: str | Path,
    file: str = "review_logs_josh.csv",
    *,
    name: str | None = None,
    sha256: Mapping[str, str] | None = None,
) -> Dataset:
    """One learner; every card is an item without skills, every review an answer, correct unless rated "again".

    Times are seconds, minutes are what a review took; `extra["rating"]` keeps the rating. Reviews stand in the order of
    time, equal times in that of the file. Raises DataError that names the line.
    """
    raw = load(folder, file, sha256=sha256)
    columns = text.records(raw, COLUMNS, delimiter=",")
    numbers = {
        column: text.whole(raw, columns[column], name=column, line_of=lambda record: record + 2)
        for column in ("card_id", "review_rating", "review_duration")
    }
    rating = numbers["review_rating"]
    odd = np.flatnonzero((rating < FAILED) | (rating > 4))
    if len(odd):
        reason = f"review_rating is {rating[odd[0]]}, expected 1 (again), 2 (hard), 3 (good) or 4 (easy)"
        refuse(raw.path, odd + 2, reason, fix="mend the rating or remove the record")
    seconds = _seconds(raw, columns["review_time"])
    order = np.argsort(seconds, kind="stable")
    cards, card = np.unique(numbers["card_id"], return_inverse=True)
    return Dataset(
        name=name or Path(folder).name,
        sequences=Sequences.of(
            Catalog.of(cards.astype(np.str_).tolist(), [], [()] * len(cards), minutes=0.5),
            ["1"],
            [len(order)],
            card[order],
            (rating[order] > FAILED).astype(np.int8),
            minutes=numbers["review_duration"][order] / 60_000.0,
            time=seconds[order],
            extra={"rating": rating[order].astype(np.int8)},
        ),
    )


def _seconds(raw: Raw, column: Any) -> FloatArray:
    """Seconds since the epoch of times like 2024-03-29T20:32:32.25+00:00, `[n]`."""
    import pyarrow.compute as pc

    form = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(\+00:00|Z)$"
    good = pc.fill_null(pc.match_substring_regex(column, form), False).to_numpy(zero_copy_only=False)
    bad = np.flatnonzero(~good)
    if len(bad):
        reason = (
            f"review_time is '{column[int(bad[0])].as_py() or ''}', expected a time in UTC, 2024-03-29T20:32:32+00:00"
        )
        refuse(raw.path, bad + 2, reason, fix="mend the time or remove the record")
    plain = pc.replace_substring_regex(column, r"(\+00:00|Z)$", "").to_numpy(zero_copy_only=False)
    try:
        seconds: FloatArray = plain.astype("datetime64[us]").astype(np.int64) / 1e6
    except ValueError:
        bad = np.flatnonzero([not _in_the_calendar(told) for told in plain])
        reason = f"review_time is '{column[int(bad[0])].as_py()}', which is in no calendar"
        refuse(raw.path, bad + 2, reason, fix="mend the time or remove the record")
    return seconds


def _in_the_calendar(told: str) -> bool:
    try:
        np.datetime64(told, "us")
    except ValueError:
        return False
    return True
