"""What once broke the law of a parser is refused in one line."""

import pytest

from fuzzing import targets
from lernpfad.core import BundleError, LernpfadError

KEPT = [(target, name) for target in targets.TARGETS for name in targets.kept_seeds(target)]


@pytest.mark.parametrize("target", targets.TARGETS)
def test_what_is_written_can_be_read(target: str) -> None:
    assert {targets.held(target, one) for one in targets.first_seeds(target)} == {""}


def test_there_are_seeds() -> None:
    assert {target for target, _ in KEPT} == {"bundle", "manifest", "source"}


@pytest.mark.parametrize(("target", "name"), KEPT, ids=[f"{target}-{name}" for target, name in KEPT])
def test_what_once_broke_the_law_is_refused_in_one_line(target: str, name: str) -> None:
    refusal = targets.held(target, targets.kept_seeds(target)[name])
    assert refusal
    assert "names nothing that is fed" not in refusal


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("main-as-class", "is no class of a model"),
        ("foreign-class-behind-ours", "no class named 'Path'"),
        ("class-that-opens-files", "as a Recommender, which it is not"),
    ],
)
def test_a_class_is_looked_at_before_it_is_made(name: str, said: str) -> None:
    assert said in targets.held("manifest", targets.kept_seeds("manifest")[name])


def test_a_law_that_does_not_hold_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def planted(given: bytes) -> None:
        if given == b"foreign":
            raise KeyError("x")
        raise BundleError("")

    monkeypatch.setitem(targets.TARGETS, "xapi", planted)
    with pytest.raises(KeyError):
        targets.held("xapi", b"foreign")
    with pytest.raises(targets.Broken, match="refusal of 0 lines"):
        targets.held("xapi", b"")


def test_a_refusal_is_one_line_whatever_it_quotes() -> None:
    assert str(LernpfadError("a cell 'x\r\n y\x85z'\n; mend it")) == "a cell 'x y z' ; mend it"
