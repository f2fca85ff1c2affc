"""What is posted and answered about stored learners, as the OpenAPI document shows it."""

from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field
from pydantic.types import StringConstraints

from lernpfad.serve.schema import (
    LANGUAGE,
    MAX_K,
    MAX_STEPS,
    Ahead,
    Language,
    Minutes,
    NextItemsAnswer,
    PathAnswer,
    Posted,
    PostedInteraction,
    ProfileAnswer,
    Wanted,
    Whole,
)

MAX_BATCH: Final = 1_000

# PostgreSQL keeps no NUL in a text
KeptId = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00]+$")]
DecisionId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]

_LEARNER: Final = "Her id. Stored as a keyed hash; a pseudonym is as good as a name."
_ROW: Final[dict[str, Any]] = {
    "learner": "p-7f3a",
    "id": "6f3c9c1e-0f0e-4c58-9d3b-0c5a9b1d2e3f",
    "item": "i7",
    "outcome": "correct",
    "minutes": 6.0,
    "time": 1767600000.0,
}


class InteractionPost(PostedInteraction):
    """One offered item and what came of it, to be stored."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ROW]})

    learner: KeptId = Field(description=_LEARNER)
    id: KeptId = Field(
        description="The client's id of this interaction, one for each of a learner. The same again counts once."
    )
    item: KeptId = Field(description="Item id as in the bundle's catalog; an unknown one is kept as well.")
    decision: DecisionId | None = Field(
        default=None, description="Id of the decision that offered the item, from the answer with the next items."
    )


class BatchPost(Posted):
    """Interactions of any learners, in any order; stored all or none."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"interactions": [_ROW]}]})

    interactions: list[InteractionPost] = Field(min_length=1, max_length=MAX_BATCH, description="The rows.")


class LearnerProfileRequest(Wanted):
    """A stored learner, what she needs, and when."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"learner": "p-7f3a", "requirement": {"s1": {"level": 0.8}}}]}
    )

    learner: KeptId = Field(description=_LEARNER)


class LearnerItemsRequest(LearnerProfileRequest):
    """A stored learner, what she needs, and the minutes she has."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"learner": "p-7f3a", "minutes": 15.0, "k": 3}]})

    minutes: Minutes | None = Field(default=None, description="Minutes available now; no limit if left out.")
    k: Whole = Field(default=5, ge=1, le=MAX_K, description="How many items at most.")
    draw: bool = Field(
        default=False,
        description="Draw the first item from the policy's propensities instead of taking the best: the log of such "
        "offers is what off-policy estimates need.",
    )
    language: Language = Field(default="en", description=LANGUAGE)


class LearnerPathRequest(LearnerProfileRequest, Ahead):
    """A stored learner, what she needs, and the minutes she has now and later."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"learner": "p-7f3a", "minutes": 10.0, "sitting_minutes": 12.0, "k": 4}]}
    )

    minutes: Minutes | None = Field(default=None, description="Minutes available now; no limit if left out.")
    k: Whole = Field(default=5, ge=1, le=MAX_STEPS, description="How many steps at most.")
    language: Language = Field(default="en", description=LANGUAGE)


class RecordedAnswer(Posted):
    """What came of a post. The rows are on the disk."""

    stored: int = Field(description="Rows that are new.")
    repeated: int = Field(description="Rows that were there already; they count once.")


class LearnerItems(NextItemsAnswer):
    """The best items for a stored learner; the decision is in the log."""

    decision: str = Field(description="Id in the decision log; post it with the interaction that comes of it.")
    covers: int = Field(description="How many of her interactions the answer is based on.")


class LearnerPath(PathAnswer):
    """The path of a stored learner; the decision is in the log, its steps as the items offered."""

    decision: str = Field(description="Id in the decision log; post it with the interaction that comes of it.")
    covers: int = Field(description="How many of her interactions the answer is based on.")


class LearnerProfile(ProfileAnswer):
    """Competence profile of a stored learner."""

    covers: int = Field(description="How many of her interactions the answer is based on.")


class ReceiptAnswer(Posted):
    """A learner was erased. Keep it: the nonce, with which it can be proven whom it is about, is not stored."""

    id: str
    nonce: str
    hash: str = Field(description="sha256 of `nonce:learner`.")
    erased: float = Field(description="When, seconds since the epoch, UTC.")
    interactions: int = Field(description="Rows deleted.")
    decisions: int = Field(description="Decisions deleted.")
    scrubbed: bool = Field(
        description="Whether what was deleted has left the files of the store as well. If not, they were in use; it is "
        "tried again later, and at once if you repeat the request. This receipt stays the one to keep."
    )
