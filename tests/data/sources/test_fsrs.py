from collections.abc import Callable
from pathlib import Path

import pytest

from lernpfad.core import DataError
from lernpfad.data.sources import fsrs

Written = Callable[..., Path]
HEAD = "card_id,review_rating,review_time,review_duration\n"
FILE = "review_logs_josh__csv"


def test_golden(written: Written) -> None:
    rows = (
        "7,1,2024-03-29T20:32:32.250000+00:00,30000\n5,3,2024-03-29T20:32:31Z,6000\n7,2,2024-03-30T20:32:32+00:00,0\n"
    )
    dataset = fsrs.read(written(**{FILE: HEAD + rows}), name="cards")
    logs = dataset.sequences
    assert dataset.name == "cards"
    assert dataset.catalog.items.tolist() == ["5", "7"]
    assert dataset.catalog.skills_of(logs.item).tolist() == [[-1]] * 3
    assert logs.lengths.tolist() == [3]
    assert logs.item.tolist() == [0, 1, 1]
    assert logs.outcome.tolist() == [1, 0, 1]
    assert logs.time.tolist() == [1711744351.0, 1711744352.25, 1711830752.0]
    assert logs.minutes.tolist() == pytest.approx([0.1, 0.5, 0.0])
    assert logs.extra["rating"].tolist() == [3, 1, 2]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "7,5,2024-03-29T20:32:32Z,1",
            r"line 2: review_rating is 5, expected 1 \(again\), 2 \(hard\), 3 \(good\) or 4",
        ),
        (
            "7,3,2024-03-29 20:32:32,1",
            r"line 2: review_time is '2024-03-29 20:32:32', expected a time in UTC, 2024-",
        ),
        ("7,3,2024-03-29T20:32:32+02:00,1", r"line 2: review_time is '2024-03-29T20:32:32\+02:00', expected a time in"),
        ("x,3,2024-03-29T20:32:32Z,1", r"line 2: card_id is 'x', expected a whole number from 0; mend the number or"),
    ],
)
def test_a_bad_line_is_named(written: Written, row: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        fsrs.read(written(**{FILE: HEAD + row + "\n"}))
