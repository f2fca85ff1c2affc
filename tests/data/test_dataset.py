from dataclasses import replace

import numpy as np
import pytest

from lernpfad.core import DataError
from lernpfad.data import Dataset, Split


def test_fingerprint_depends_on_content_not_on_name_or_width_of_text(small: Dataset) -> None:
    wider = replace(small.sequences, learners=small.sequences.learners.astype("<U40"))
    assert replace(small, name="other", sequences=wider).fingerprint == small.fingerprint
    assert len(small.fingerprint) == 64


@pytest.mark.parametrize("part", ["answer", "item id", "learner id", "extra", "role", "level"])
def test_fingerprint_sees_every_part(small: Dataset, part: str) -> None:
    logs = small.sequences
    changed = {
        "answer": lambda: replace(small, sequences=logs.with_outcome(np.array([0, 0, -1, -1, 1]))),
        "item id": lambda: replace(
            small, sequences=replace(logs, catalog=replace(small.catalog, items=np.array(list("abcde"))))
        ),
        "learner id": lambda: replace(small, sequences=replace(logs, learners=np.array(["ada", "bea", "dot"]))),
        "extra": lambda: replace(small, sequences=replace(logs, extra={})),
        "role": lambda: replace(small, learner={**small.learner, "role": np.array([0, 0, 1])}),
        "level": lambda: replace(small, roles=replace(small.roles, level=small.roles.level / 2)),
    }[part]()
    assert changed.fingerprint != small.fingerprint


def test_a_learner_column_of_the_wrong_length_is_refused(small: Dataset) -> None:
    with pytest.raises(DataError, match="learner column 'team' has 2 rows, expected one for each of the 3 learners"):
        replace(small, learner={"team": np.array(["a", "b"])})


def test_a_mask_of_the_wrong_length_is_refused(small: Dataset) -> None:
    logs = small.sequences
    good = np.ones(len(logs), dtype=bool)
    with pytest.raises(DataError, match="split 'odd': test has 5 rows, but test_scored has 4"):
        Split("odd", logs, logs, logs, valid_scored=good, test_scored=good[:4])
