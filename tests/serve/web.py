"""The application under test, answered without a network."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lernpfad.serve.app import create_app
from lernpfad.serve.bundle import Bundle, load
from serve.stack import TRUST, written

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have the successor of httpx
    from fastapi.testclient import TestClient

NOW = 1_770_000_000.0
STATEMENT: dict[str, Any] = {
    "id": "6f3c9c1e-0f0e-4c58-9d3b-0c5a9b1d2e3f",
    "actor": {"account": {"homePage": "https://lms.example.org", "name": "lea"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
    "object": {"id": "https://lms.example.org/items/i1"},
    "result": {"success": True},
    "timestamp": "2026-03-02T09:14:05Z",
}
"""One answer of lea's, as a learning record store sends it."""


def small_bundle(folder: Path, **changed: Any) -> Bundle:
    return load(written(folder / "bundle", **changed), trust=TRUST)


@contextmanager
def client(bundle: Bundle, **settings: Any) -> Iterator[TestClient]:
    """A client of the started application; an error inside of it is raised in the test."""
    with TestClient(create_app(bundle, clock=lambda: NOW, **settings)) as web:
        yield web
