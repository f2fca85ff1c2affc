"""How a recommender ranked what each learner took up later, kept in its run folder: Parquet, one row a learner."""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from lernpfad.core import DataError
from lernpfad.evaluate.asked import Asked
from lernpfad.evaluate.ranking import RankingResult

RANKINGS_FILE: Final = "learners.parquet"

_PER_TARGET: Final = ("item", "rank", "takers", "fifth")
_OWN: Final = ("learner", "index", "history", "targets", "popularity", "cold", "list", *_PER_TARGET)
_METRICS: Final = b"lernpfad.metrics"


def write(folder: Path, result: RankingResult) -> Path:
    """Write what came of an evaluation into `folder`; returns the file.

    Columns: learner (id) and her index; history, the rows that were seen of her; targets, how many there were, their
    mean training takers (popularity) and how many nobody took (cold); lists over her targets (item, rank, takers,
    fifth: see `Asked`) and what she would have been shown (list); then every metric by its name, as in `ndcg@10`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    asked = result.asked
    columns: dict[str, Any] = {
        "learner": asked.names.tolist(),
        "index": result.learners,
        "history": asked.history,
        "targets": asked.count,
        "popularity": asked.popularity,
        "cold": asked.cold,
        "list": pa.FixedSizeListArray.from_arrays(pa.array(result.lists.ravel()), result.lists.shape[1]),
    }
    offsets = pa.array(asked.offsets.astype(np.int32))
    columns |= {name: pa.ListArray.from_arrays(offsets, pa.array(getattr(asked, name))) for name in _PER_TARGET}
    table = pa.table(columns | result.per_learner)
    folder.mkdir(parents=True, exist_ok=True)
    told = {_METRICS: json.dumps(result.metrics, sort_keys=True).encode()}
    pq.write_table(table.replace_schema_metadata(told), folder / RANKINGS_FILE)
    return folder / RANKINGS_FILE


def read(folder: Path) -> RankingResult:
    """What `write` wrote. DataError if there is nothing of that kind."""
    import pyarrow.parquet as pq

    path = folder / RANKINGS_FILE
    if not path.is_file():
        raise DataError(f"no rankings in '{folder}' (no {RANKINGS_FILE}); give the ranking/test of a lernpfad train")
    table = pq.read_table(path)
    if _METRICS not in (table.schema.metadata or {}):
        raise DataError(f"{path} was not written by lernpfad train; it does not tell its metrics")
    column = {name: table.column(name).combine_chunks() for name in table.column_names}
    targets = np.asarray(column["targets"], dtype=np.int64)
    asked = Asked(
        names=np.asarray(column["learner"].to_pylist(), dtype=np.str_),
        history=np.asarray(column["history"]),
        offsets=np.concatenate([[0], np.cumsum(targets)]),
        **{name: np.asarray(column[name].flatten()) for name in _PER_TARGET},
    )
    return RankingResult(
        metrics=json.loads(table.schema.metadata[_METRICS]),
        per_learner={name: np.asarray(one) for name, one in column.items() if name not in _OWN},
        learners=np.asarray(column["index"]),
        lists=np.asarray(column["list"].flatten()).reshape(len(targets), -1),
        asked=asked,
    )
