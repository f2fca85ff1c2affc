"""What the OpenAPI document says beyond the types of single fields: what excludes what, headers, what comes next."""

import re
from typing import Any, Final

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue

LONGEST_LEARNER: Final = 256
"""Characters of a learner's id."""

ROLE_OR_REQUIREMENT: Final[dict[str, Any]] = {
    "not": {
        "required": ["role", "requirement"],
        "properties": {"role": {"type": "string"}, "requirement": {"type": "object"}},
    }
}
DECLINED_WITHOUT_OUTCOME: Final[dict[str, Any]] = {
    "not": {
        "required": ["accepted", "outcome"],
        "properties": {"accepted": {"const": False}, "outcome": {"enum": ["correct", "wrong"]}},
    }
}

_HEX, _NEXT = "[0-9A-Fa-f]", "%[89ABab][0-9A-Fa-f]"
_CHARACTER: Final = (
    f"(?:[!-$&-~]|%0[1-9A-Fa-f]|%[1-7]{_HEX}|%[Cc][2-9A-Fa-f]{_NEXT}|%[Dd]{_HEX}{_NEXT}"
    f"|%[Ee]0%[ABab]{_HEX}{_NEXT}|%[Ee][1-9A-CEFa-cef]{_NEXT}{_NEXT}|%[Ee][Dd]%[89]{_HEX}{_NEXT}"
    f"|%[Ff]0%[9ABab]{_HEX}{_NEXT}{_NEXT}|%[Ff][1-3]{_NEXT}{_NEXT}{_NEXT}|%[Ff]4%8{_HEX}{_NEXT}{_NEXT})"
)
"""One character but NUL, percent-encoded as UTF-8 where it is no printable ASCII (RFC 3629, section 4)."""
ENCODED_LEARNER: Final = re.compile(f"{_CHARACTER}{{1,{LONGEST_LEARNER}}}")

RETRY: Final[dict[str, Any]] = {
    "headers": {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}}}
}
CHALLENGE: Final[dict[str, Any]] = {
    "headers": {"WWW-Authenticate": {"description": "Bearer.", "schema": {"type": "string"}}}
}

_DECIDED: Final = {"learner": "$request.body#/learner", "decision": "$response.body#/decision"}
AFTER_A_DECISION: Final[dict[int | str, Any]] = {
    200: {
        "links": {
            name: {"operationId": operation, "requestBody": _DECIDED, "description": what}
            for name, operation, what in (
                ("done", "one_v1_learners_interactions_post", "What she did with the item that was offered."),
                ("override", "override_v1_learners_override_post", "A person chose another item."),
                ("contest", "contest_v1_learners_contest_post", "She objects."),
                ("skip", "skip_v1_learners_skip_post", "She passes over it."),
            )
        }
    }
}
"""What can be posted about a decision, as OpenAPI links."""


def with_rule(core: Any, handler: GetJsonSchemaHandler, rule: dict[str, Any]) -> JsonSchemaValue:
    """The JSON Schema of a model, and a rule about several of its fields."""
    return handler.resolve_ref_schema(handler(core)) | rule
