import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lernpfad.evaluate.disclosure import shown


def labels(**sizes: int) -> np.ndarray:
    return np.repeat(list(sizes), list(sizes.values()))


def test_small_groups_are_hidden_and_never_one_alone() -> None:
    found = shown({"role": labels(clerk=9, nurse=4, welder=6, pilot=20)})["role"]
    # nurse = all - the others, so the smallest of the others goes as well
    assert found == {"clerk": True, "nurse": False, "pilot": True, "welder": False}


def test_two_small_groups_hide_each_other_only_if_they_are_five_together() -> None:
    assert shown({"role": labels(a=3, b=2, c=9, d=9)})["role"] == {"a": False, "b": False, "c": True, "d": True}
    assert shown({"role": labels(a=2, b=2, c=8, d=9)})["role"] == {"a": False, "b": False, "c": False, "d": True}


def test_large_groups_are_all_shown() -> None:
    assert shown({"role": labels(a=5, b=6)})["role"] == {"a": True, "b": True}


def test_nothing_is_shown_of_a_handful() -> None:
    assert shown({"role": labels(a=4)})["role"] == {"a": False}


def test_two_groupings_do_not_give_each_other_away() -> None:
    unit = labels(north=20, south=13)
    role = np.concatenate([labels(clerk=12, welder=8), labels(pilot=10, nurse=3)])
    found = shown({"unit": unit, "role": role})
    # nurses hide, and pilots too: otherwise nurses = south - pilots
    assert found["role"]["nurse"] is False
    assert not (found["unit"]["south"] and found["role"]["pilot"])


def test_no_groups_at_all() -> None:
    assert shown({}) == {}


sizes = st.lists(st.integers(1, 12), min_size=1, max_size=6)


def _published(groupings: dict[str, np.ndarray], found: dict[str, dict[str, bool]], people: int) -> np.ndarray:
    rows = [np.ones(people)]
    for name, marks in groupings.items():
        rows += [(marks == label).astype(float) for label, there in found[name].items() if there]
    return np.stack(rows)


@settings(max_examples=60, deadline=None)
@given(sizes=sizes, seed=st.integers(0, 99))
def test_no_small_group_is_a_combination_of_what_is_shown(sizes: list[int], seed: int) -> None:
    role = np.repeat([f"role-{r}" for r in range(len(sizes))], sizes)
    unit = np.random.default_rng(seed).integers(0, 2, len(role)).astype(str)
    groupings = {"role": role, "unit": unit}
    found = shown(groupings)
    rows = _published(groupings, found, len(role))
    for name, marks in groupings.items():
        for label in np.unique(marks):
            person = (marks == label).astype(float)
            if person.sum() >= 5 or not any(any(there.values()) for there in found.values()):
                continue
            assert not found[name][label]
            nearest = rows.T @ np.linalg.lstsq(rows.T, person, rcond=None)[0]
            assert np.abs(nearest - person).max() > 1e-6
