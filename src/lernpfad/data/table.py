"""Our own layout of a data set: a folder of tidy tables, each Parquet or CSV.

interactions  learner, item, time, accepted, outcome, minutes, and any further columns, which travel with the rows
items         item, skills (ids joined by "|"), minutes, kind
skills        skill, in the order of their indices
prerequisites before, after (skill ids)
learners      learner, role, target_role, and any further columns
roles         role, skill, valid_from, level, weight; what a later version leaves out stays as it was

Required are interactions (learner, item) and items (item). What else is left out: the offer was accepted, the
outcome not assessed, the minutes are the item's (5 without any), the order of rows is the time, an item is an
exercise without skills. A learner's rows stand in time order; learners may be interleaved.

A log that is larger than one wants to hold stands in parts: `interactions` and `learners` are folders of Parquet
files, one a part, and a learner's whole history is in one of them. `read` puts the parts together, `read_parts` holds
one at a time.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from lernpfad.core import KINDS, NOBODY, NOT_ASSESSED, Array, Catalog, DataError, IntArray, Roles, Sequences
from lernpfad.data.dataset import Dataset
from lernpfad.data.faults import refuse
from lernpfad.data.frames import Frame, frames, parts, save, save_part

JOINED_BY: Final = "|"
MINUTES: Final = 5.0
ROLE_COLUMNS: Final = ("role", "target_role")


def read(folder: str | Path, *, name: str | None = None, sha256: Mapping[str, str] | None = None) -> Dataset:
    """The data set of a folder. Raises DataError that names file, line (row in Parquet) and reason."""
    return _dataset(frames(folder, sha256=sha256), name=name or Path(folder).name)


def read_parts(folder: str | Path, *, name: str | None = None) -> Iterator[Dataset]:
    """The parts of a data set one after the other, each a data set of its own; what is in one piece is one part."""
    names = parts(Path(folder), "interactions")
    if not names:
        yield read(folder, name=name)
    for part in names:
        yield _dataset(frames(folder, part=part), name=f"{name or Path(folder).name}/{part}")


def _dataset(tables: Mapping[str, Frame], *, name: str) -> Dataset:
    catalog = _catalog(tables)
    roles = _roles(tables["roles"], catalog) if "roles" in tables else None
    ids = _learner_ids(tables)
    return Dataset(
        name=name,
        sequences=_sequences(tables["interactions"], catalog, ids),
        learner=_learner_columns(tables["learners"], roles) if "learners" in tables else {},
        roles=roles,
    )


def write(dataset: Dataset, folder: str | Path, *, format: Literal["parquet", "csv"] = "parquet") -> None:
    """Write a data set in our layout, in place of what tables the folder held; `read` gives it back unchanged.

    CSV keeps values but not the width of the numbers in further columns.
    """
    _writable(dataset)
    save({**_rows(dataset), **_shared(dataset)}, Path(folder), format=format)


def write_shared(dataset: Dataset, folder: str | Path) -> None:
    """Write what all parts have in common, in place of what tables the folder held: catalog and roles, no learners."""
    save(_shared(dataset), Path(folder), format="parquet")


def write_part(dataset: Dataset, folder: str | Path, *, part: str) -> None:
    """Write some learners as one part of the data set in `folder`; parts are read in the order of their names."""
    _writable(dataset)
    save_part(_rows(dataset), Path(folder), part)


def _rows(dataset: Dataset) -> dict[str, dict[str, Any]]:
    """The tables that grow with the learners."""
    logs, catalog = dataset.sequences, dataset.catalog
    return {
        "interactions": {
            "learner": _picked(logs.learners, logs.owner),
            "item": _picked(catalog.items, logs.item),
            "time": logs.time,
            "accepted": logs.accepted,
            "outcome": logs.outcome,
            "minutes": logs.minutes,
            **logs.extra,
        },
        "learners": {"learner": logs.learners, **_named_roles(dataset)},
    }


def _shared(dataset: Dataset) -> dict[str, dict[str, Any]]:
    """The tables that do not."""
    catalog = dataset.catalog
    tables: dict[str, dict[str, Any]] = {
        "items": {
            "item": catalog.items,
            "skills": [JOINED_BY.join(catalog.skills[row[row >= 0]]) for row in catalog.item_skills],
            "minutes": catalog.minutes,
            "kind": np.asarray(KINDS)[catalog.kind],
        },
        "skills": {"skill": catalog.skills},
        "prerequisites": {
            "before": _picked(catalog.skills, catalog.prerequisites[:, 0]),
            "after": _picked(catalog.skills, catalog.prerequisites[:, 1]),
        },
    }
    if dataset.roles is not None:
        tables["roles"] = _role_rows(dataset.roles, catalog)
    return tables


def _catalog(tables: Mapping[str, Frame]) -> Catalog:
    items = tables["items"]
    cells = items.text("skills") if "skills" in items else [""] * len(items)
    named = [cell.split(JOINED_BY) if cell else [] for cell in cells]
    if "skills" in tables:
        skills = tables["skills"].text("skill")
    else:
        skills = list(dict.fromkeys(skill for row in named for skill in row))
    index = {skill: k for k, skill in enumerate(skills)}
    _known_skills(items, named, index)
    edges = np.empty((0, 2), dtype=np.int64)
    if "prerequisites" in tables:
        columns = (tables["prerequisites"].index(column, index, what="skill") for column in ("before", "after"))
        edges = np.stack(list(columns), axis=1)
    return Catalog.of(
        items.text("item"),
        skills,
        [[index[skill] for skill in row] for row in named],
        minutes=items.column("minutes") if "minutes" in items else MINUTES,
        kind=[KINDS.index(kind) for kind in items.text("kind")] if "kind" in items else 0,
        prerequisites=edges,
    )


def _known_skills(items: Frame, named: list[list[str]], index: Mapping[str, int]) -> None:
    bad = [row for row, skills in enumerate(named) if len(set(skills) & index.keys()) < len(skills) or "" in skills]
    if bad:
        row = named[bad[0]]
        wrong = next((s for s in row if not s or s not in index or row.count(s) > 1), "")
        reason = f"skill '{wrong}' of item '{items.text('item')[bad[0]]}' is " + (
            "there twice" if wrong and wrong in index else "empty" if not wrong else "not in table 'skills'"
        )
        refuse(items.file, items.lines[bad], reason, fix="name each skill once, as in table 'skills'", unit=items.unit)


def _learner_ids(tables: Mapping[str, Frame]) -> list[str]:
    if "learners" in tables:
        return tables["learners"].text("learner")
    return [str(one) for one in tables["interactions"].frame["learner"].unique()]


def _sequences(table: Frame, catalog: Catalog, ids: list[str]) -> Sequences:
    owner = table.index("learner", {one: j for j, one in enumerate(ids)}, what="learner")
    item = table.index("item", {str(one): i for i, one in enumerate(catalog.items)}, what="item")
    order = np.argsort(owner, kind="stable")

    def column(name: str) -> Array | None:
        return table.column(name)[order] if name in table else None

    outcome = column("outcome")
    known = ("learner", "item", "time", "accepted", "outcome", "minutes")
    return Sequences.of(
        catalog,
        ids,
        np.bincount(owner, minlength=len(ids)),
        item[order],
        np.full(len(item), NOT_ASSESSED) if outcome is None else outcome,
        accepted=column("accepted"),
        minutes=column("minutes"),
        time=column("time"),
        extra={name: table.column(name)[order] for name in table.frame.columns if name not in known},
    )


def _learner_columns(table: Frame, roles: Roles | None) -> dict[str, Array]:
    columns: dict[str, Array] = {}
    for name in table.frame.columns:
        if name in ROLE_COLUMNS:
            names = {} if roles is None else {str(role): r for r, role in enumerate(roles.names)}
            columns[name] = table.index(name, {**names, "": NOBODY}, what="role")
        elif name != "learner":
            columns[name] = table.column(name)
    return columns


def _roles(table: Frame, catalog: Catalog) -> Roles:
    names = list(dict.fromkeys(table.text("role")))
    role = table.index("role", {name: r for r, name in enumerate(names)}, what="role")
    skill = table.index("skill", {str(one): k for k, one in enumerate(catalog.skills)}, what="skill")
    valid_from, version = np.unique(table.column("valid_from"), return_inverse=True)
    levels = np.full((2, len(valid_from), len(names), len(catalog.skills)), np.nan)
    levels[:, version, role, skill] = table.column("level"), table.column("weight")
    for later in range(1, len(valid_from)):
        levels[:, later] = np.where(np.isnan(levels[:, later]), levels[:, later - 1], levels[:, later])
    levels = np.nan_to_num(levels, nan=0.0)
    return Roles(names=np.asarray(names, dtype=np.str_), valid_from=valid_from, level=levels[0], weight=levels[1])


def _role_rows(roles: Roles, catalog: Catalog) -> dict[str, Any]:
    version, role, skill = (axis.ravel() for axis in np.indices(roles.level.shape))
    return {
        "role": _picked(roles.names, role),
        "skill": _picked(catalog.skills, skill),
        "valid_from": roles.valid_from[version],
        "level": roles.level.ravel(),
        "weight": roles.weight.ravel(),
    }


def _named_roles(dataset: Dataset) -> dict[str, Any]:
    columns = dict(dataset.learner)
    for name in ROLE_COLUMNS:
        if name in columns:
            names = ["", *([] if dataset.roles is None else dataset.roles.names.tolist())]
            columns[name] = np.asarray(names, dtype=np.str_)[np.asarray(columns[name]) + 1]
    return columns


def _picked(ids: Array, index: IntArray) -> Any:
    import pyarrow as pa

    return pa.array(ids.tolist(), pa.string()).take(pa.array(index))


def _writable(dataset: Dataset) -> None:
    """Refuse what the layout cannot hold."""
    logs, catalog = dataset.sequences, dataset.catalog
    taken = {"learner", "item", "time", "accepted", "outcome", "minutes"} & set(logs.extra)
    if taken:
        raise DataError(f"data set '{dataset.name}': further column '{min(taken)}' has the name of a column of ours")
    if (logs.item < 0).any():
        raise DataError(f"data set '{dataset.name}': an interaction has an item that the catalog does not hold")
    if dataset.roles is None and any(np.any(dataset.learner.get(name, NOBODY) != NOBODY) for name in ROLE_COLUMNS):
        raise DataError(f"data set '{dataset.name}': learners have roles, but the data set has none to name them")
    for what, ids in (("learner", logs.learners), ("item", catalog.items), ("skill", catalog.skills)):
        odd = [one for one in ids.tolist() if not one or "\n" in one or "\r" in one]
        odd += [one for one in ids.tolist() if what == "skill" and JOINED_BY in one]
        if odd:
            raise DataError(
                f"data set '{dataset.name}': {what} id {odd[0]!r} cannot be written; "
                f"an id is not empty and has no line break, and that of a skill no '{JOINED_BY}'"
            )
