"""The paths about stored learners. Her id is never part of an address, so that no log of addresses holds it."""

from collections.abc import Callable
from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import FastAPI, Header, Response
from pydantic import BaseModel

from lernpfad.serve.document import AFTER_A_DECISION, ENCODED_LEARNER, LONGEST_LEARNER, RETRY
from lernpfad.serve.engine import RequestError
from lernpfad.serve.keys import ERASE, READ, WRITE
from lernpfad.serve.learners import Learners
from lernpfad.serve.schema import Refusal
from lernpfad.serve.stored import (
    BatchPost,
    InteractionPost,
    LearnerItems,
    LearnerItemsRequest,
    LearnerPath,
    LearnerPathRequest,
    LearnerProfile,
    LearnerProfileRequest,
    ReceiptAnswer,
    RecordedAnswer,
)

Needs = Callable[[str], list[Any]]
"""From a scope to the dependencies of a path that needs it."""

UNAVAILABLE: Final[dict[int | str, Any]] = {
    503: {"model": Refusal, "description": "The store, or the model of a profile, cannot do its work now."} | RETRY
}
CONFLICT: Final[dict[int | str, Any]] = {
    409: {"model": Refusal, "description": "The id was stored with other content; nothing is stored."}
}


def as_it_is(answer: BaseModel) -> Response:
    """An answer that was checked when it was made; FastAPI would check it again, in a thread of its own."""
    return Response(answer.model_dump_json(), media_type="application/json")


def add_learners(
    app: FastAPI,
    learners: Learners,
    clock: Callable[[], float],
    *,
    needs: Needs,
    refusals: dict[int | str, Any],
    why: Callable[[], str],
) -> None:
    """Paths that store, answer about, and erase learners. why: the fixed curriculum decides, "" for the policy."""
    _add_writing(app, learners, clock, dependencies=needs(WRITE), refusals=refusals | UNAVAILABLE | CONFLICT)
    _add_reading(app, learners, clock, dependencies=needs(READ), refusals=refusals | UNAVAILABLE, why=why)
    _add_erasing(app, learners, clock, dependencies=needs(ERASE), refusals=refusals | UNAVAILABLE)


def _add_writing(
    app: FastAPI,
    learners: Learners,
    clock: Callable[[], float],
    *,
    dependencies: list[Any],
    refusals: dict[int | str, Any],
) -> None:
    shared: dict[str, Any] = {"tags": ["learners"], "responses": refusals, "dependencies": dependencies}

    @app.post("/v1/learners/interactions", **shared, summary="Store one interaction")
    def one(request: InteractionPost) -> RecordedAnswer:
        """Once this is answered the row is on the disk. The same id again counts once."""
        done = learners.record([request], now=clock(), batch=False)
        return RecordedAnswer(stored=done.stored, repeated=done.repeated)

    @app.post("/v1/learners/interactions/batch", **shared, summary="Store many interactions, all or none")
    def batch(request: BatchPost) -> RecordedAnswer:
        """In any order and of any learners. After an error or no answer, post the same again."""
        done = learners.record(request.interactions, now=clock(), batch=True)
        return RecordedAnswer(stored=done.stored, repeated=done.repeated)


def _add_reading(
    app: FastAPI,
    learners: Learners,
    clock: Callable[[], float],
    *,
    dependencies: list[Any],
    refusals: dict[int | str, Any],
    why: Callable[[], str],
) -> None:
    shared: dict[str, Any] = {"tags": ["learners"], "responses": refusals, "dependencies": dependencies}
    deciding = shared | {"responses": refusals | AFTER_A_DECISION}

    @app.post(
        "/v1/learners/next-items",
        response_model=LearnerItems,
        **deciding,
        summary="The best next items of a stored learner",
    )
    def next_items(request: LearnerItemsRequest) -> Response:
        """As `/v1/next-items`, from what is stored. The decision is in the log before it is answered."""
        return as_it_is(learners.next_items(request, now=clock(), why=why()))

    @app.post("/v1/learners/path", **deciding, summary="The learning path of a stored learner")
    def path(request: LearnerPathRequest) -> LearnerPath:
        """As `/v1/path`, from what is stored. The plan is in the decision log before it is answered."""
        return learners.path(request, now=clock(), why=why())

    @app.post("/v1/learners/profile", **shared, summary="Competence profile of a stored learner")
    def profile(request: LearnerProfileRequest) -> LearnerProfile:
        """As `/v1/profile`, from what is stored."""
        return learners.profile(request, now=clock())


def _add_erasing(
    app: FastAPI,
    learners: Learners,
    clock: Callable[[], float],
    *,
    dependencies: list[Any],
    refusals: dict[int | str, Any],
) -> None:
    @app.delete(
        "/v1/learners", tags=["learners"], responses=refusals, dependencies=dependencies, summary="Erase a learner"
    )
    def erase(
        x_learner: Annotated[
            str, Header(description="Her id.", json_schema_extra={"pattern": f"^{ENCODED_LEARNER.pattern}$"})
        ],
    ) -> ReceiptAnswer:
        """Rows, states and decisions go, from the files too. The id is percent-encoded UTF-8. May be repeated."""
        receipt = learners.erase(_decoded(x_learner), now=clock())
        return ReceiptAnswer(**vars(receipt))


def _decoded(given: str) -> str:
    # bytes beyond ASCII would be taken for other characters than were meant, and nobody erased
    if not ENCODED_LEARNER.fullmatch(given):
        raise RequestError(
            "x-learner", f"expected an id of 1 to {LONGEST_LEARNER} characters, percent-encoded as UTF-8"
        )
    return unquote(given, errors="strict")
