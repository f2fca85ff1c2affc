"""The path that Prometheus scrapes."""

from collections.abc import Callable

from fastapi import FastAPI, Response

from lernpfad._version import __version__
from lernpfad.serve.engine import Engine
from lernpfad.serve.keys import WATCH
from lernpfad.serve.metrics import TYPE, Metrics
from lernpfad.serve.routes import Needs


def add_metrics(app: FastAPI, engine: Engine, metrics: Metrics, *, needs: Needs, why: Callable[[], str]) -> None:
    """`/metrics`, with a key for `watch` where keys are asked for. why: as in `create_app`."""
    models = engine.bundle.next_best
    info = {
        "version": engine.bundle.version,
        "lernpfad": __version__,
        "tracer": type(models.tracer).__name__,
        "policy": type(models.policy).__name__,
    }

    @app.get("/metrics", include_in_schema=False, dependencies=needs(WATCH))
    def exposition() -> Response:
        return Response(metrics.text(info, gauges={"lernpfad_curriculum": float(bool(why()))}), media_type=TYPE)
