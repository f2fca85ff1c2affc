"""`lernpfad similar`: the neighbours of an item, as a fitted recommender sees them."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import numpy as np

from lernpfad.core import Catalog, ConfigError, IntArray, Recommender
from lernpfad.core.similar import similar
from lernpfad.evaluate import tables
from lernpfad.run import store
from lernpfad.run.places import existing
from lernpfad.serve import bundle
from lernpfad.serve.files import read_arrays
from lernpfad.serve.manifest import MANIFEST

_NEAR: Final = 3


@dataclass(frozen=True, eq=False)
class Looked:
    """A recommender and what its neighbours are told with. takers: of each item in training, None where not kept."""

    model: Recommender
    catalog: Catalog
    takers: IntArray | None


def run(config: Any) -> None:
    """Print the items nearest to one."""
    found = _looked(Path(config.model))
    print(tables.text(rows(found, index(found.catalog, config.item, where=config.model), k=config.k)))


def index(catalog: Catalog, item: str, *, where: str) -> int:
    """The item's place in the catalog; ConfigError with the nearest ids if there is none."""
    place = int(catalog.indices([item])[0])
    if place < 0:
        ids = [str(one) for one in catalog.items]
        near = get_close_matches(item, ids, n=_NEAR, cutoff=0.5)
        hint = f"did you mean {_either(near)}?" if near else f"its ids are like {_either(ids[:_NEAR]) or 'none'}"
        raise ConfigError(f"no item named '{item}' in '{where}'; {hint}")
    return place


def rows(found: Looked, item: int, *, k: int) -> list[dict[str, Any]]:
    """The k items that are most alike (see `core.similar`), itself left out; ties by catalog order.

    An item that the recommender would never offer (-inf) is no neighbour.
    """
    catalog = found.catalog
    scores = similar(found.model, catalog, np.array([item]))[0]
    order = np.argsort(-scores, kind="stable")[:k]
    return [
        {
            "item": str(catalog.items[other]),
            "rank": rank,
            "score": tables.number(scores[other], 4),
            "skills": ", ".join(catalog.skills[one] for one in catalog.item_skills[other] if one >= 0),
            "training takers": tables.UNDEFINED if found.takers is None else f"{found.takers[other]:,}",
        }
        for rank, other in enumerate(order, start=1)
        if np.isfinite(scores[other])
    ]


def _looked(folder: Path) -> Looked:
    existing(folder, what="run folder or bundle")
    if (folder / MANIFEST).is_file():
        loaded = bundle.load(folder)
        if loaded.next_best.recommender is None:
            raise ConfigError(f"the bundle in '{folder}' has no recommender; export it with models.recommender=...")
        return Looked(loaded.next_best.recommender, loaded.catalog, None)
    fitted = store.load(folder, part="recommender")
    if not isinstance(fitted.model, Recommender):
        raise ConfigError(f"the model in '{fitted.folder}' is no recommender; give the run folder of one")
    kept = fitted.folder / store.TAKERS
    return Looked(fitted.model, fitted.catalog, read_arrays(kept)["takers"] if kept.is_dir() else None)


def _either(ids: list[str]) -> str:
    quoted = [f"'{one}'" for one in ids]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
