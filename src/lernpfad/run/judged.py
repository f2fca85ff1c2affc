"""What is known of a stack beside its headline metrics: subgroups, calibration, and how it does in other worlds."""

import csv
import logging
from pathlib import Path
from typing import Any, Final

from lernpfad.core import ConfigError, unknown_name
from lernpfad.run import again, groups, stack

log = logging.getLogger(__name__)

_MATRIX: Final = ("per_hour", "low", "high", "normalised", "normalised_low", "normalised_high")


def tables(models: stack.Models, *, matrix: str | None, policy: str) -> dict[str, Any]:
    """For the manifest's metrics, what there is: `by <dimension>`, `calibration` and `robustness`, lists of rows.

    And `worst_world`: the policy's share of what the oracle gains, in the world where it is least.
    """
    found: dict[str, Any] = {}
    said = groups.read(models.tracer.folder.parent)
    if said is not None:
        for name, rows in groups.tables(said, _tested(models)).items():
            found[f"by {name}"] = rows
        found["calibration"] = groups.calibration(said)
    if matrix is not None:
        found["robustness"] = robustness(Path(matrix), policy)
        worst = [row["normalised"] for row in found["robustness"] if row["normalised"] is not None]
        if worst:
            found["worst_world"] = {"normalised": min(worst)}  # a number of its own, so that a gate can name it
    return found


def robustness(path: Path, policy: str) -> list[dict[str, Any]]:
    """The policy's rows of a `matrix.csv` of lernpfad matrix: a row for each world, numbers as they stand there."""
    if not path.is_file():
        raise ConfigError(f"matrix: no file at '{path}'; give the matrix.csv of lernpfad matrix")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    missing = [name for name in ("world", "policy", *_MATRIX) if not rows or name not in rows[0]]
    if missing:
        raise ConfigError(f"matrix: '{path}' has no column '{missing[0]}'; give the matrix.csv of lernpfad matrix")
    mine = [row for row in rows if row["policy"] == policy]
    if not mine:
        known = {row["policy"] for row in rows}
        raise ConfigError(f"matrix: {unknown_name('policy', policy, known)} (in '{path}'; matrix_policy=... names it)")
    return [{"world": row["world"]} | {name: _number(row[name]) for name in _MATRIX} for row in mine]


def _number(text: str) -> float | None:
    return float(text) if text else None


def _tested(models: stack.Models) -> again.TrainedOn | None:
    """The data of the training, for what it says of its learners; groups by role are left out without it."""
    try:
        return again.read(models.tracer, what="metrics by role")
    except ConfigError as problem:
        log.warning("%s; the card does without them", problem)
        return None
