"""Networks fitted on real logs as a world asks them: with numpy alone, from tables made once for a catalog."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np

from lernpfad.core import Array, ConfigError, FloatArray, IntArray
from lernpfad.simulate.knowledge import sigmoid

COMMAND: Final = "lernpfad world data=assist09"
FACTS, ITEMS, MEMBER = "world.json", "items.npz", "member-{}.npz"


@dataclass(frozen=True, eq=False)
class Source:
    """The items of the log that an ensemble was fitted on.

    skills: how many there are. item_skills: `[R, M]`, padded with -1. answers: training answers to each, `[R]`.
    right: share of them that was right, `[R]`, the mean of all where there was none.
    """

    skills: int
    item_skills: IntArray
    answers: IntArray
    right: FloatArray


@dataclass(frozen=True, eq=False)
class Counterparts:
    """What stands for the items of a catalog. item: real item, `[I]`. skills: real skills, `[I, M]`, padded with -1."""

    item: IntArray
    skills: IntArray


@dataclass(frozen=True, eq=False)
class Member:
    """One network (`lernpfad.tracing.dkt.DKT`), folded into tables for the items of a catalog.

    entry: what an answer adds to the gates of the LSTM, `[I, 2, 4 W]`, axis 1 is the outcome. own: what the hidden
    state adds, `[W, 4 W]`. weight, bias: the logit of success on an item is `hidden @ weight[i] + bias[i]`, `[I, W]`
    and `[I]`.
    """

    entry: FloatArray
    own: FloatArray
    weight: FloatArray
    bias: FloatArray

    @classmethod
    def of(cls, weights: Mapping[str, Array], counterparts: Counterparts) -> "Member":
        """From the weights of a fitted DKT by their names, for any setting of its `inputs`."""
        item, share = counterparts.item, _shares(counterparts.skills, len(weights["skill_bias"]))
        read = np.repeat(weights["response"][None, :2], len(item), axis=0)
        weight = weights["head.weight"] + share @ weights["skill_weight"]
        bias = weights["head.bias"] + share @ weights["skill_bias"]
        if "skill_response" in weights:
            read = read + np.einsum("ik,kow->iow", share, weights["skill_response"][:, :2])
        if "item" in weights:
            own = weights["item"][item]
            read = read + np.einsum("id,odw->iow", own, weights["item_response"][:2])
            weight = weight + own @ weights["item_query.weight"]
            bias = bias + own @ weights["item_query.bias"] + weights["item_bias"][item, 0]
        entry = read @ weights["lstm.weight_ih_l0"].T + weights["lstm.bias_ih_l0"] + weights["lstm.bias_hh_l0"]
        tables = (entry, weights["lstm.weight_hh_l0"].T, weight, bias)
        return cls(*(np.ascontiguousarray(table, dtype=np.float64) for table in tables))

    def light(self) -> "Member":
        """The same in float32: half the work, and good to six digits."""
        return Member(*(getattr(self, one.name).astype(np.float32) for one in fields(self)))

    def step(self, gates: FloatArray, cell: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Hidden and cell state after gates `[..., 4 W]` met a cell state `[..., W]`."""
        entry, forget, new, out = np.split(gates, 4, axis=-1)
        kept = sigmoid(forget) * cell + sigmoid(entry) * np.tanh(new)
        return sigmoid(out) * np.tanh(kept), kept


def _shares(skills: IntArray, count: int) -> FloatArray:
    """Share of each skill in each item, `[I, K + 1]`; an item without skills has the unknown one, which comes last."""
    table = np.zeros((len(skills), count), dtype=np.float32)
    row, place = np.nonzero(skills >= 0)
    table[row, skills[row, place]] = 1.0
    table[table.sum(axis=1) == 0, -1] = 1.0
    share: FloatArray = table / table.sum(axis=1, keepdims=True)
    return share


def write(
    folder: Path, members: Sequence[Mapping[str, Array]], source: Source, *, facts: Mapping[str, object] | None = None
) -> Path:
    """Keep the weights of fitted networks and what their items were like; returns the folder. facts: for the record."""
    if not members:
        raise ConfigError("a neural world needs at least one member; set members=2")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FACTS).unlink(missing_ok=True)  # comes back last: a folder that has it is whole
    np.savez(folder / ITEMS, item_skills=source.item_skills, answers=source.answers, right=source.right)
    for number, weights in enumerate(members):
        arrays = {name: np.asarray(weight, dtype=np.float32) for name, weight in weights.items()}
        np.savez(folder / MEMBER.format(number), **arrays)  # type: ignore[arg-type]  # no array is called allow_pickle
    known = {"members": len(members), "skills": source.skills, **(facts or {})}
    (folder / FACTS).write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    return folder


def read(folder: str | Path) -> tuple[list[dict[str, Array]], Source]:
    """What `write` kept; a ConfigError that names the command where nothing was."""
    folder = Path(folder)
    if not (folder / FACTS).is_file():
        raise ConfigError(
            f"no neural world in '{folder}'; fit one with {COMMAND} folder={folder} (any data set will do), "
            "or set simulator.psychology.folder to where it is"
        )
    known = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    with np.load(folder / ITEMS) as kept:
        source = Source(int(known["skills"]), kept["item_skills"], kept["answers"], kept["right"])
    return [_arrays(folder / MEMBER.format(number)) for number in range(int(known["members"]))], source


def _arrays(path: Path) -> dict[str, Array]:
    with np.load(path) as kept:
        return {name: kept[name] for name in kept.files}
