"""What a running service has logged, as a data set in our layout and as a table of offers: new training data."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from lernpfad.core import Catalog, DataError, Sequences
from lernpfad.data import table
from lernpfad.data.dataset import Dataset
from lernpfad.serve.database import Database
from lernpfad.serve.decisions import decision_rows, training_rows

TRAVELS: Final = ("propensity", "decision", "bundle", "policy")
"""Columns that travel with the interactions; the propensity is NaN where no drawn offer led to one."""


def write(database: Database, catalog: Catalog, folder: Path | str) -> int:
    """Write all stored interactions as a data set that `data=FOLDER` reads; learners bear their pseudonyms.

    catalog: of the bundle that serves. Returns how many rows were left out because it does not hold their item.
    """
    rows = list(training_rows(database))
    there = catalog.indices([row["item"] for row in rows]) >= 0
    kept = [row for row, known in zip(rows, there, strict=True) if known]
    if not kept:
        raise DataError("the store holds no interaction with an item of this catalog; give the bundle that serves it")
    table.write(Dataset(name=Path(folder).name, sequences=sequences(kept, catalog)), folder)
    return len(rows) - len(kept)


def sequences(rows: Sequence[Mapping[str, Any]], catalog: Catalog) -> Sequences:
    """Rows of `training_rows`, learner by learner, as histories with the columns `TRAVELS` in `extra`."""
    lengths: dict[str, int] = {}
    for row in rows:
        lengths[row["learner"]] = lengths.get(row["learner"], 0) + 1
    item = catalog.indices([row["item"] for row in rows])
    spent = [
        row["minutes"] if row["minutes"] is not None else catalog.minutes[i] for row, i in zip(rows, item, strict=True)
    ]
    return Sequences.of(
        catalog,
        list(lengths),
        list(lengths.values()),
        item,
        np.asarray([row["outcome"] for row in rows]),
        accepted=np.asarray([row["accepted"] for row in rows]),
        minutes=np.asarray(spent),
        time=np.asarray([row["time"] for row in rows]),
        extra={name: np.asarray([row[name] for row in rows]) for name in TRAVELS},
    )


def write_offers(database: Database, catalog: Catalog | None, path: Path | str) -> int:
    """Write a row for each item that was offered, as Parquet; returns their number.

    catalog: of the bundle whose offers these are, to name the candidates of each; None leaves them out.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = list(decision_rows(database, catalog))
    pq.write_table(pa.Table.from_pylist(rows), path)
    return len(rows)
