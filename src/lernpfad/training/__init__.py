"""The one Lightning module and the batching that every neural sequence model uses. Imports no torch by itself."""

from typing import TYPE_CHECKING, Any

from lernpfad.training.fitting import Fitting

if TYPE_CHECKING:
    from lernpfad.training.tracer import NeuralTracer

__all__ = ["Fitting", "NeuralTracer"]


def __getattr__(name: str) -> Any:
    if name == "NeuralTracer":
        from lernpfad.training.tracer import NeuralTracer

        return NeuralTracer
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
