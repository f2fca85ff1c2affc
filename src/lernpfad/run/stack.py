"""The fitted models that a command was pointed to, checked against the catalog that they shall serve."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lernpfad.core import Catalog, KnowledgeTracer, Policy, World
from lernpfad.run import store
from lernpfad.run.store import Fitted

TRUTH = "truth"


@dataclass(frozen=True, eq=False)
class Models:
    """Fitted models of one catalog. others: tracers and recommenders that are only measured beside them."""

    tracer: Fitted
    recommender: Fitted | None
    others: tuple[Fitted, ...] = ()

    @property
    def affinity(self) -> Any:
        """The recommender itself, or None."""
        return None if self.recommender is None else self.recommender.model

    @property
    def tracers(self) -> list[Fitted]:
        """Every tracer, the one that policies use first."""
        return [self.tracer, *(one for one in self.others if isinstance(one.model, KnowledgeTracer))]

    @property
    def recommenders(self) -> list[Fitted]:
        """Every recommender, the one that policies use first."""
        found = [one for one in self.others if not isinstance(one.model, KnowledgeTracer)]
        return found if self.recommender is None else [self.recommender, *found]

    def folders(self) -> dict[str, str]:
        """Where the tracer and the recommender in use lie, absolute."""
        used = {"tracer": self.tracer, "recommender": self.recommender}
        return {part: str(one.folder.resolve()) for part, one in used.items() if one is not None}


def models(config: Any) -> Models:
    """The models in the run folders of a `models:` section.

    ConfigError if one is not there or was fitted for other items than the tracer.
    """
    tracer = store.load(config.tracer, part="tracer")
    folder = config.get("recommender")
    recommender = None if folder is None else store.load(folder, part="recommender")
    others = tuple(one for folder in config.get("others") or () for one in _all_in(folder))
    for one in (*others, *(() if recommender is None else (recommender,))):
        store.same_items(one, tracer.catalog, where=f"'{tracer.folder}'")
    return Models(tracer, recommender, others)


def _all_in(folder: str) -> list[Fitted]:
    """Whatever was fitted in a run folder."""
    there = [part for part in ("tracer", "recommender") if (Path(folder) / part / store.MODEL_FILE).is_file()]
    return [store.load(folder, part=part) for part in there or ["model"]]


def for_items(found: Models, catalog: Catalog, *, where: str) -> None:
    """Refuse models that were fitted for other items than those of `catalog`."""
    store.same_items(found.tracer, catalog, where=where)


def told(policy: Policy, fitted: KnowledgeTracer[Any] | None, world: World[Any]) -> KnowledgeTracer[Any] | None:
    """The tracer through which a policy sees learners: the truth for an oracle, else the fitted one."""
    return truth(world) if getattr(policy, "sees_truth", False) else fitted


def truth(world: World[Any]) -> KnowledgeTracer[Any]:
    """A tracer that looks learners up in the world."""
    from lernpfad.simulate.oracle import OracleTracer

    return OracleTracer(world)
