"""Small bundles with planted metrics, and a registry that they are put into."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lernpfad.collaborative.popularity import Popularity
from lernpfad.run import tracking
from lernpfad.run.bundle_model import BundleModel
from lernpfad.run.record import Start
from lernpfad.serve import bundle
from lernpfad.tracing.itemmean import ItemMean
from serve import stack

NAME = "paths"
DATA = {"data": "planted", "data_hash": "ab" * 32, "split": "by learner"}
TRACER = {"data": "planted", "data_hash": "ab" * 6, "split": "by learner", "test": "16 learners, 1088 rows, 0123"}
RECOMMENDER = TRACER | {"ranking": {"history": 0.5, "targets": "all", "mask_seen": True, "ties": "middle"}}
CLOSED_LOOP = {"world": "Corporate 0123", "seed": 0, "learners": 200, "weeks": 26, "reference": "WateringCan 0123"}
MATRIX = {
    "worlds": {"main": "0123", "fast": "4567"},
    "first_seed": 2000,
    "learners": 20,
    "weeks": 26,
    "reference": "WateringCan 0123",
    "oracles": "Oracle 0123",
}
MEASURED = {"tracer": TRACER, "recommender": RECOMMENDER, "closed_loop": CLOSED_LOOP, "worst_world": MATRIX}
"""How everything was measured."""

OTHERS = {"recommender": {"ndcg@10": 0.2}, "closed_loop": {"per_hour": 0.04}, "worst_world": {"normalised": 0.5}}
"""Metrics beside the tracer's."""


def small_bundle(folder: Path, *, auc: float = 0.7, others: Any = None, measured: Any = MEASURED) -> Path:
    """An item mean and a popularity that claim an AUC, and other metrics, measured in some way."""
    fitted = stack.fitted(tracer=ItemMean(), recommender=Popularity())
    metrics = {"tracer": {"auc": auc}, **(others or {})}
    return stack.written(folder, fitted, metrics=metrics, provenance={**DATA, "measured": measured}, trust=())


@dataclass(frozen=True)
class Shop:
    """A store of its own. home: its folder."""

    home: Path

    @property
    def record(self) -> tracking.MLflow:
        return tracking.MLflow(f"sqlite:///{self.home}/mlflow.db", f"{self.home}/artifacts", "released")

    @property
    def words(self) -> tuple[str, str]:
        return f"tracking.uri={self.record.uri}", f"tracking.artifacts={self.record.artifacts}"

    def registered(self, name: str = NAME, **bundle_of: Any) -> str:
        """The number of a new version of `name`."""
        place = self.home / f"bundle-{len(list(self.home.iterdir()))}"
        run = Start("export", place.with_name(f"{place.name}-run"), {"seed": 0})
        run.folder.mkdir()
        with self.record.start(run) as record:
            return record.register(BundleModel(bundle.load(small_bundle(place, **bundle_of))), name)

    def client(self) -> Any:
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.record.uri)

    def aliases(self, name: str = NAME) -> dict[str, str]:
        return {alias: str(one) for alias, one in self.client().get_registered_model(name).aliases.items()}

    def tags(self, number: str, name: str = NAME) -> dict[str, str]:
        return dict(self.client().get_model_version(name, number).tags)
