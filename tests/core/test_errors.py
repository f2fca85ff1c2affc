import time

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


def test_among_very_many_names_none_is_looked_for_and_a_part_is_listed():
    """Whoever asks a service for an item that a large catalog does not hold must not keep its processor for seconds."""
    names = [f"https://items.example.org/a/very/long/address/{n:05}" for n in range(10_000)]
    began = time.process_time()
    line = unknown_name("item", "https://items.example.org/a/very/long/address/1000x", names)
    assert time.process_time() - began < 0.1
    assert line.startswith("no item named 'https://items.example.org/a/very/long/address/1000x'; there are: https://")
    assert line.endswith("/00049 and 9,950 more")


@pytest.mark.parametrize("kind", [ConfigError, DataError, NotFittedError, BundleError, LawBroken])
def test_everything_raised_on_purpose_is_caught_as_one(kind):
    with pytest.raises(LernpfadError, match="why"):
        raise kind("why")


def test_a_broken_law_fails_like_an_assertion():
    assert issubclass(LawBroken, AssertionError)
