import pytest

from lernpfad.core import (
    BundleError,
    ConfigError,
    DataError,
    LawBroken,
    LernpfadError,
    NotFittedError,
    unknown_name,
)


def test_the_nearest_name_is_offered():
    assert unknown_name("tracer", "skat", ["bkt", "sakt"]) == "no tracer named 'skat'; did you mean 'sakt'?"


def test_without_a_near_name_all_are_listed_in_order():
    assert unknown_name("tracer", "zzz", {"sakt", "bkt"}) == "no tracer named 'zzz'; there are: bkt, sakt"


def test_without_any_name_none_is_listed():
    assert unknown_name("bundle", "x", []) == "no bundle named 'x'; there are: none"


@pytest.mark.parametrize("kind", [ConfigError, DataError, NotFittedError, BundleError, LawBroken])
def test_everything_raised_on_purpose_is_caught_as_one(kind):
    with pytest.raises(LernpfadError, match="why"):
        raise kind("why")


def test_a_broken_law_fails_like_an_assertion():
    assert issubclass(LawBroken, AssertionError)
