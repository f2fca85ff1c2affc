"""The statement resource of xAPI, as far as a learning record store or a course sends to it."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import Body, FastAPI, Query, Request, Response

from lernpfad.serve import statements
from lernpfad.serve.engine import RequestError
from lernpfad.serve.keys import WRITE
from lernpfad.serve.learners import Learners
from lernpfad.serve.metrics import Metrics
from lernpfad.serve.routes import CONFLICT, UNAVAILABLE, Needs
from lernpfad.serve.schema import Refusal
from lernpfad.serve.xapi import Statement, is_known, statement
from lernpfad.serve.xapi import statements as understood
from lernpfad.serve.xapi_document import EXAMPLE, STATEMENT, STATEMENTS, UUID_SCHEMA, VERSION_HEADER

PATH: Final = "/v1/xapi/statements"
ANSWERS: Final = {"X-Experience-API-Version": "1.0.3"}
_MALFORMED: Final[dict[int | str, Any]] = {400: {"model": Refusal, "description": "A statement is no xAPI."}}


def add_xapi(
    app: FastAPI,
    learners: Learners,
    clock: Callable[[], float],
    *,
    needs: Needs,
    refusals: dict[int | str, Any],
    metrics: Metrics,
    home: str = "",
) -> None:
    """Paths that take statements. home: the homePage that accounts have to have, "" for any."""
    shared: dict[str, Any] = {
        "tags": ["xapi"],
        "responses": refusals | UNAVAILABLE | CONFLICT | _MALFORMED,
        "dependencies": needs(WRITE),
        "openapi_extra": {"parameters": [VERSION_HEADER]},
    }

    def keep(given: list[Statement], *, batch: bool) -> None:
        done = statements.keep(learners.store, given, now=clock(), batch=batch)
        metrics.count("interactions", done.stored, came="new")
        metrics.count("interactions", done.repeated, came="repeated")

    @app.post(PATH, **shared, summary="Store one statement or a list of them, all or none")
    def post(
        posted: Annotated[Any, Body(json_schema_extra={"examples": [EXAMPLE]} | STATEMENTS)],
        request: Request,
        response: Response,
    ) -> list[str]:
        """Answers the ids in order, once the statements are on the disk. The same again changes nothing."""
        _check(request)
        given = understood(posted, now=clock(), home=home)
        keep(given, batch=isinstance(posted, list))
        response.headers.update(ANSWERS)
        return [one.id for one in given]

    @app.put(PATH, **shared, status_code=204, response_class=Response, summary="Store one statement under its id")
    def put(
        posted: Annotated[Any, Body(json_schema_extra={"examples": [EXAMPLE]} | STATEMENT)],
        name: Annotated[str, Query(alias="statementId", description="Its UUID.", json_schema_extra=UUID_SCHEMA)],
        request: Request,
    ) -> Response:
        """Nothing in the answer; the statement is on the disk. The same again changes nothing."""
        _check(request)
        keep([statement(posted, "statement", now=clock(), home=home, name=name)], batch=False)
        return Response(status_code=204, headers=ANSWERS)


def _check(request: Request) -> None:
    if not is_known(request.headers.get(VERSION_HEADER["name"], "")):
        raise RequestError("X-Experience-API-Version", "expected the header to say 1.0.x or 2.0.x", status=400)
