"""The declared schema of our table layout, and how a row that breaks it is told."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np

from lernpfad.core import KINDS
from lernpfad.data.faults import refuse

NAMES: Final = ("interactions", "items", "skills", "prerequisites", "learners", "roles")
"""The tables of a folder; the first two are required."""

IDS: Final[Mapping[str, tuple[str, ...]]] = {
    "interactions": ("learner", "item"),
    "items": ("item", "skills", "kind"),
    "skills": ("skill",),
    "prerequisites": ("before", "after"),
    "learners": ("learner", "role", "target_role"),
    "roles": ("role", "skill"),
}
"""Columns that are text, even where every id looks like a number."""


@cache
def schemas() -> Mapping[str, Any]:
    """The pandera schema of each table, by name."""
    import pandera.pandas as pa

    def text(*, blank: bool = False, unique: bool = False, required: bool = True, allowed: Any = None) -> Any:
        checks = [] if blank else [pa.Check.str_length(min_value=1, error="expected an id")]
        if allowed:
            checks.append(pa.Check.isin(allowed, error=f"expected one of {', '.join(allowed)}"))
        return pa.Column(str, checks, nullable=blank, required=required, coerce=True, **only_once(unique))

    def only_once(unique: bool) -> dict[str, Any]:
        return {"unique": unique, "report_duplicates": "exclude_first"}

    def number(error: str, *, low: float = -np.inf, high: float = np.inf, among: Any = None, required: bool) -> Any:
        def holds(values: Any) -> Any:
            return values.isin(among) if among else np.isfinite(values) & (values >= low) & (values <= high)

        return pa.Column(float, pa.Check(holds, error=error), required=required, coerce=True)

    seconds = "expected seconds since the epoch, or dates in one ISO form"
    return {
        "interactions": pa.DataFrameSchema(
            {
                "learner": text(),
                "item": text(),
                "time": number(seconds, required=False),
                "accepted": number("expected true or false", among=(0, 1), required=False),
                "outcome": number(
                    "expected 1 (correct), 0 (wrong) or -1 (not assessed)", among=(-1, 0, 1), required=False
                ),
                "minutes": number("expected minutes, 0 or more", low=0, required=False),
            },
            checks=[
                pa.Check(_in_time, error="this row is earlier than the learner's row before it"),
                pa.Check(_no_twin, error="this learner has this item at this time already"),
                pa.Check(_declined_blank, error="a declined offer has no outcome, expected -1"),
            ],
        ),
        "items": pa.DataFrameSchema(
            {
                "item": text(unique=True),
                "skills": text(blank=True, required=False),
                "minutes": number("expected minutes, 0 or more", low=0, required=False),
                "kind": text(allowed=KINDS, required=False),
            }
        ),
        "skills": pa.DataFrameSchema({"skill": text(unique=True)}),
        "prerequisites": pa.DataFrameSchema(
            {"before": text(), "after": text()},
            checks=pa.Check(lambda f: f["before"] != f["after"], error="a skill cannot be its own prerequisite"),
        ),
        "learners": pa.DataFrameSchema(
            {
                "learner": text(unique=True),
                "role": text(blank=True, required=False),
                "target_role": text(blank=True, required=False),
            }
        ),
        "roles": pa.DataFrameSchema(
            {
                "role": text(),
                "skill": text(),
                "valid_from": number(seconds, required=True),
                "level": number("expected a level from 0 to 1", low=0, high=1, required=True),
                "weight": number("expected a weight, 0 or more", low=0, required=True),
            },
            checks=pa.Check(
                lambda f: ~f.duplicated(["role", "skill", "valid_from"]),
                error="this role has this skill at this date already",
            ),
        ),
    }


def checked(frame: Any, table: str, *, file: Path, unit: str) -> Any:
    """The frame with the types of the schema; its index has to be the line (or row) numbers of the file.

    Raises DataError that names the first bad line, and how many more there are.
    """
    from pandera.errors import SchemaErrors

    schema = schemas()[table]
    _no_near_miss(list(frame.columns), list(schema.columns), file=file)
    try:
        return schema.validate(frame, lazy=True)
    except SchemaErrors as problem:
        _tell(problem.failure_cases, frame, table=table, file=file, unit=unit)


def _tell(cases: Any, frame: Any, *, table: str, file: Path, unit: str) -> NoReturn:
    absent = cases[cases["check"] == "column_in_dataframe"]
    if len(absent):
        wanted = ", ".join(name for name, column in schemas()[table].columns.items() if column.required)
        refuse(file, [], f"no column '{absent['failure_case'].iloc[0]}'", fix=f"table '{table}' needs {wanted}")
    # where a type does not fit, the checks on values mean nothing
    typing = cases["check"].astype(str).str.startswith(_TYPES)
    told = (cases[typing] if typing.any() else cases).dropna(subset=["index"])
    assert len(told), f"pandera names no row: {cases}"
    bad = np.unique(told["index"].astype(np.int64))
    of_line = told[told["index"] == bad[0]]
    cells = of_line[of_line["schema_context"] == "Column"]
    first = (cells if len(cells) else of_line).iloc[0]
    refuse(file, bad, _reason(first, frame, line=int(bad[0]), table=table), fix=_FIX, unit=unit)


_FIX = "mend or remove it"
_TYPES = ("coerce_dtype", "dtype")


def _reason(case: Any, frame: Any, *, line: int, table: str) -> str:
    if case["schema_context"] == "DataFrameSchema":
        return str(case["check"])
    column = case["column"]
    found = frame.loc[line, column]
    check = str(case["check"])
    if check == "not_nullable" or found is None or found != found or found == "":
        return f"{column} is empty"
    if check == "field_uniqueness":
        return f"{column} '{found}' comes a second time"
    declared = schemas()[table].columns[column].checks
    expected = declared[0].error if check.startswith(_TYPES) else check
    return f"{column} is '{found}', {expected}"


def _no_near_miss(there: list[str], known: list[str], *, file: Path) -> None:
    """Refuse a column that looks like a misspelt one: it would be taken for something else, or for nothing."""
    for column in there:
        absent = [name for name in known if name not in there]
        near = get_close_matches(column, absent, n=1, cutoff=0.8) if column not in known else []
        if near:
            refuse(file, [], f"column '{column}' looks like '{near[0]}', which is absent", fix="rename the column")


def _in_time(frame: Any) -> Any:
    if "time" not in frame:
        return True
    return ~(frame.groupby("learner", sort=False)["time"].diff() < 0)


def _no_twin(frame: Any) -> Any:
    return ~frame.duplicated(["learner", "item", "time"]) if "time" in frame else True


def _declined_blank(frame: Any) -> Any:
    if "accepted" not in frame or "outcome" not in frame:
        return True
    return (frame["accepted"] != 0) | (frame["outcome"] == -1)
