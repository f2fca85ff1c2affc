"""docs/laws.md names every law with its promise, and its examples run."""

import re
from pathlib import Path

import pytest

from lernpfad.core.laws import (
    POLICY_LAWS,
    RECOMMENDER_LAWS,
    SEQUENCE_LAWS,
    SIMULATOR_LAWS,
    SPLIT_LAWS,
    TRACER_LAWS,
)

GUIDE = (Path(__file__).parents[2] / "docs" / "laws.md").read_text()
KINDS = {
    "Tracers": TRACER_LAWS,
    "Recommenders": RECOMMENDER_LAWS,
    "Policies": POLICY_LAWS,
    "Simulators": SIMULATOR_LAWS,
    "Histories": SEQUENCE_LAWS,
    "Splits": SPLIT_LAWS,
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_guide_names_every_law_with_its_promise_in_order(kind):
    section = GUIDE.split(f"\n## {kind}\n")[1].split("\n## ")[0]
    named = re.findall(r"^\| `(\w+)` \| (.+?) \| .*\|$", section, re.MULTILINE)
    assert named == [(law.name, law.promise) for law in KINDS[kind]]


def test_laws_have_names_of_their_own():
    for laws in KINDS.values():
        assert len({law.name for law in laws}) == len(laws)


@pytest.mark.parametrize("place", [0, 1])
def test_the_examples_run(place):
    blocks = re.findall(r"^```python\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 2
    scope = {}
    exec(blocks[place], scope)
    for law in scope["that_fit"](scope["TRACER_LAWS"], scope["CASE"]) if place else ():
        scope["test_my_tracer"](law)
