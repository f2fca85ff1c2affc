"""The HTTP application, `/v1`. Whatever is posted, the answer is a recommendation or a refusal that names the field."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from lernpfad._version import __version__
from lernpfad.serve.body import BodyLimit
from lernpfad.serve.bundle import Bundle
from lernpfad.serve.engine import Engine, RequestError
from lernpfad.serve.schema import (
    BundleAnswer,
    FieldProblem,
    Health,
    NextItemsAnswer,
    NextItemsRequest,
    ProfileAnswer,
    ProfileRequest,
    Readiness,
    Refusal,
)

MAX_BODY: Final = 1_048_576
MAX_PROBLEMS: Final = 20

_REFUSALS: dict[int | str, dict[str, Any]] = {
    413: {"model": Refusal, "description": "The body is larger than the server takes."},
    422: {"model": Refusal, "description": "The request is malformed; each problem names its field."},
}
_TAGS = [
    {"name": "recommend", "description": "Stateless: post a history, get an answer; nothing is stored."},
    {"name": "service", "description": "What is served, and whether it is."},
]


def create_app(bundle: Bundle, *, clock: Callable[[], float] = time.time, max_body: int = MAX_BODY) -> FastAPI:
    """The application over one bundle. clock: seconds since the epoch. max_body: bytes of a request body at most."""
    engine = Engine(bundle)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine.next_items(
            NextItemsRequest(), now=clock()
        )  # a broken bundle fails here, and the first learner waits less
        app.state.ready = True
        yield
        app.state.ready = False

    app = FastAPI(
        title="lernpfad",
        summary="The next learning item that closes most of the gap for the minutes it takes.",
        version=__version__,
        openapi_tags=_TAGS,
        openapi_url="/v1/openapi.json",
        lifespan=lifespan,
    )
    app.state.ready = False
    app.add_middleware(BodyLimit, limit=max_body)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(RequestError, _not_meant)
    app.add_exception_handler(HTTPException, _http_problem)
    _add_recommending(app, engine, clock)
    _add_service(app, engine)
    return app


def _add_recommending(app: FastAPI, engine: Engine, clock: Callable[[], float]) -> None:
    @app.post("/v1/next-items", tags=["recommend"], responses=_REFUSALS, summary="The best next items, with reasons")
    def next_items(request: NextItemsRequest) -> NextItemsAnswer:
        """Best first. The order is the policy's; `propensity` is the probability with which it offers each item."""
        return engine.next_items(request, now=clock())

    @app.post("/v1/profile", tags=["recommend"], responses=_REFUSALS, summary="Competence profile against the role")
    def profile(request: ProfileRequest) -> ProfileAnswer:
        """Estimated mastery, requirement and gap of every skill, and the learning debt."""
        return engine.profile(request, now=clock())


def _add_service(app: FastAPI, engine: Engine) -> None:
    @app.get("/v1/bundle", tags=["service"], summary="What is being served")
    def bundle() -> BundleAnswer:
        """Versions, models, metrics, data hash, provenance, and the names of the roles."""
        return engine.about()

    @app.get("/v1/health", tags=["service"], summary="Whether the process is alive")
    def health() -> Health:
        """Answers as long as the process does."""
        return Health()

    not_yet: dict[int | str, dict[str, Any]] = {503: {"model": Readiness, "description": "Not now."}}

    @app.get("/v1/ready", tags=["service"], responses=not_yet, summary="Whether requests are answered")
    def ready(response: Response) -> Readiness:
        """200 once the bundle has answered its first request, else 503."""
        response.status_code = 200 if app.state.ready else 503
        return Readiness(ready=app.state.ready, bundle=engine.bundle.version)


async def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [FieldProblem(field=_field(one["loc"], one["type"]), problem=_said(one)) for one in error.errors()]
    return _refused(422, problems[:MAX_PROBLEMS])


async def _not_meant(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return _refused(422, [FieldProblem(field=error.field, problem=str(error))])


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # the body could not even be decoded: bytes that are no text, numbers without end
        return _refused(422, [FieldProblem(field="body", problem="is not JSON that can be read")])
    refusal = _refused(error.status_code, [FieldProblem(field="request", problem=str(error.detail))])
    refusal.headers.update(error.headers or {})
    return refusal


def _refused(status: int, problems: Sequence[FieldProblem]) -> JSONResponse:
    body = Refusal(
        detail=[FieldProblem(field=_printable(one.field), problem=_printable(one.problem)) for one in problems]
    )
    return JSONResponse(body.model_dump(), status_code=status)


def _field(where: Sequence[int | str], kind: str) -> str:
    if kind == "json_invalid":
        return "body"
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where[1:])
    return path.removeprefix(".") or str(where[0])


def _said(problem: dict[str, Any]) -> str:
    reason = problem.get("ctx", {}).get("error", "")
    return f"is not JSON: {reason}" if problem["type"] == "json_invalid" else str(problem["msg"])


def _printable(text: str) -> str:
    # what was posted may hold half a surrogate pair, which no answer can carry
    return text.encode("utf-8", "backslashreplace").decode()[:300]
