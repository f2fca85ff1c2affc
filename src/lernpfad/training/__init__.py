"""The one Lightning module and the batching that every neural sequence model uses. Imports no torch by itself."""

from typing import TYPE_CHECKING, Any

from lernpfad.training.fitting import Fitting

if TYPE_CHECKING:
    from lernpfad.training.recommender import NeuralRecommender
    from lernpfad.training.tracer import NeuralTracer

__all__ = ["Fitting", "NeuralRecommender", "NeuralTracer"]


def __getattr__(name: str) -> Any:
    if name == "NeuralTracer":
        from lernpfad.training.tracer import NeuralTracer

        return NeuralTracer
    if name == "NeuralRecommender":
        from lernpfad.training.recommender import NeuralRecommender

        return NeuralRecommender
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
