import subprocess
import sys
from functools import partial

import pytest

from composing import made, names
from lernpfad.simulate import Corporate
from lernpfad.simulate.fingerprint import fingerprint
from lernpfad.simulate.kss import KSS
from lernpfad.simulate.twostate import TwoState
from simulate.small import lived, people, world

CHANGES = {
    "seed": 1,
    "kappa": 3.1,
    "arrivals": 0.0351,
    "believed_wrong_edges": 0.21,
    "minutes": 61.0,
    "shock": True,
    "mode": "doing",
    "disengaged": 0.01,
    "years": 3.01,
    "psychology": TwoState,
}


def test_the_same_world_has_the_same_fingerprint_before_and_after_it_was_used() -> None:
    of, again = world(), world()
    assert fingerprint(of) == fingerprint(again)
    lived(of)
    people(of)
    assert fingerprint(of) == fingerprint(again)
    assert len(fingerprint(of)) == 12


@pytest.mark.parametrize("name", CHANGES)
def test_any_changed_setting_changes_it(name: str) -> None:
    """Even one that happens to draw the same truth."""
    assert fingerprint(world(**{name: CHANGES[name]})) != fingerprint(world())


def test_settings_of_a_psychology_count() -> None:
    one, other = (world(psychology=partial(TwoState, slip=slip)) for slip in (0.1, 0.11))
    assert fingerprint(one) != fingerprint(other)


def test_the_truth_counts_not_only_the_settings() -> None:
    of = world()
    of.traits.difficulty[0] += 0.001
    assert fingerprint(of) != fingerprint(world())


def test_every_world_of_the_matrix_has_its_own() -> None:
    found = {name: fingerprint(made("simulator", name)) for name in names("simulator")}
    assert len(set(found.values())) == len(found)
    assert fingerprint(KSS()) not in found.values()


def test_where_a_folder_lies_does_not_count() -> None:
    class Kept:
        def __init__(self, folder: str, skill: int) -> None:
            self.folder, self.skill = folder, skill

    assert fingerprint(Kept("/here", 1)) == fingerprint(Kept("/there", 1))
    assert fingerprint(Kept("/here", 1)) != fingerprint(Kept("/here", 2))


def test_another_process_finds_the_same() -> None:
    code = "from lernpfad.simulate import Corporate, fingerprint; print(fingerprint(Corporate(skills=8, items=40)))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert said == fingerprint(Corporate(skills=8, items=40))


def test_what_has_no_content_is_refused() -> None:
    class Closed:
        __slots__ = ()

    with pytest.raises(TypeError, match="a Closed has no content to hash"):
        fingerprint([Closed()])
