"""A second opinion on xAPI: statements built by the models of ralph-malph go in, come back as training data, and out.

ralph-malph is no dependency; in an environment that has it beside lernpfad: pytest tests/serve/test_ralph.py
"""

from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from lernpfad.core import LernpfadError
from lernpfad.run import logged
from lernpfad.serve.sqlite import Sqlite
from lernpfad.serve.xapi import EXTENSIONS, VERBS, statements
from lernpfad.serve.xapi_out import statement_rows
from serve.stack import START, catalog
from serve.test_xapi import GOLDEN, mutated
from serve.web import NOW, client, small_bundle

model = pytest.importorskip(
    "ralph.models.xapi.base.statements", reason="ralph-malph is not installed"
).BaseXapiStatement
pytestmark = pytest.mark.oracle


def built(n: int, **more: Any) -> dict[str, Any]:
    """The n-th of a series of statements, made and checked by ralph's model."""
    verb, result = [
        ("answered", {"success": n % 2 == 0, "score": {"scaled": Decimal(n % 3) / 2}, "duration": "PT4M12S"}),
        ("passed", {"success": True}),
        ("failed", {"success": False, "completion": True}),
        ("experienced", {"duration": "PT90S"}),
        ("completed", {"completion": True}),
        ("launched", {"response": "started"}),
    ][n % 6]
    found = model.model_validate(
        {
            "id": str(uuid4()),
            "timestamp": f"2026-03-02T09:{n % 60:02d}:05+01:00",
            "actor": {"objectType": "Agent", "account": {"homePage": "https://lms.example.org", "name": f"p-{n % 4}"}},
            "verb": {"id": VERBS + verb, "display": {"en": verb}},
            "object": {"id": f"https://lms.example.org/items/i{n % 24}", "definition": {"name": {"en": "An item"}}},
            "result": result,
            "context": {"registration": str(uuid4()), "platform": "lms", "extensions": {f"{EXTENSIONS}slot": n}},
        }
        | more
    )
    told = found.model_dump(exclude_none=True, by_alias=True, mode="json")
    for score in [told["result"].get("score", {})]:
        score.update({name: float(value) for name, value in score.items()})  # ralph tells decimals as strings
    return dict(told)


def test_they_go_in_and_come_back_as_training_data_and_as_statements(tmp_path: Path) -> None:
    given = [built(n) for n in range(48)]
    database = Sqlite(tmp_path / "l.db")
    with client(small_bundle(tmp_path), database=database, keyed=False) as web:
        offer = web.post("/v1/learners/next-items", json={"learner": "p-0", "k": 1, "draw": True}).json()
        decision = {"extensions": {f"{EXTENSIONS}decision": offer["decision"]}}
        item = {"id": f"https://lms.example.org/items/{offer['items'][0]['item']}"}
        given.append(built(0, context=decision, object=item))
        response = web.post("/v1/xapi/statements", json=given, headers={"x-experience-api-version": "1.0.3"})
    assert response.json() == [one["id"] for one in given]
    assert logged.write(database, catalog(), tmp_path / "logged").unheard == 0
    from lernpfad.data import table

    found = table.read(tmp_path / "logged").sequences
    assert len(found) == 48 * 5 // 6 + 1
    # answered by even numbers and passed are correct, failed is wrong, experienced and completed are not assessed
    assert [int((found.outcome == outcome).sum()) for outcome in (1, 0, -1)] == [17, 8, 16]
    assert found.time.min() >= START
    propensity = found.extra["propensity"]
    assert propensity[~np.isnan(propensity)].tolist() == [offer["items"][0]["propensity"]]
    out = list(statement_rows(database, home="https://lms.example.org"))
    assert len(out) == len(found) + 1
    for one in out:
        assert str(model.model_validate(one).id) == one["id"]


@pytest.mark.parametrize("seed", range(200))
def test_what_the_models_refuse_is_not_taken_in(seed: int) -> None:
    """Mutated statements: ours may be stricter (accounts alone), never looser where ralph names a wrong value."""
    import random

    from pydantic import ValidationError

    given = mutated(random.Random(seed))
    found: list[str] = []
    try:
        statements(given, now=NOW)
        model.model_validate(given)
    except LernpfadError:
        pass
    except ValidationError as refused:
        found = [one["type"] for one in refused.errors()]
    assert set(found) <= {"no_empty_value"}


def test_the_golden_statement_is_one() -> None:
    assert str(model.model_validate(GOLDEN).id) == GOLDEN["id"]
