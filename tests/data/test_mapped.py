"""Data sets on disk: mapped, picked from without being read, and written a part at a time."""

import gc
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lernpfad.core import Catalog, DataError, Sequences
from lernpfad.data import Dataset, mapped
from lernpfad.data.build import prepare
from lernpfad.data.split import ByLearner
from lernpfad.data.windows import Windowed


def big(learners: int, length: int = 40, *, first: int = 0) -> Dataset:
    catalog = Catalog.of(list("abcd"), list("xy"), [[0], [1], [0, 1], []])
    rng = np.random.default_rng(first)
    rows = learners * length
    names = [f"l{first + j}" for j in range(learners)]
    extra = {"propensity": rng.random(rows)}
    logs = Sequences.of(
        catalog, names, [length] * learners, rng.integers(0, 4, rows), rng.integers(0, 2, rows), extra=extra
    )
    return Dataset("big", logs, learner={"fold": np.arange(learners) % 5})


def test_it_comes_back_with_the_same_fingerprint(small: Dataset, tmp_path: Path) -> None:
    back = mapped.read(mapped.write(small, tmp_path / "small"))
    assert back.fingerprint == small.fingerprint
    assert isinstance(back.sequences.item, np.memmap)
    assert back.roles is not None
    assert back.roles.names.tolist() == ["analyst", "builder"]


def test_parts_make_the_whole(tmp_path: Path) -> None:
    def parts() -> Iterator[Dataset]:
        for first in (0, 30, 60):
            yield big(30, first=first)

    back = mapped.read(mapped.write(parts(), tmp_path / "whole"))
    alone = [big(30, first=first) for first in (0, 30, 60)]
    assert back.sequences.learners.tolist() == [one for part in alone for one in part.sequences.learners.tolist()]
    np.testing.assert_array_equal(back.sequences.item, np.concatenate([part.sequences.item for part in alone]))
    np.testing.assert_array_equal(back.learner["fold"], np.tile(np.arange(30) % 5, 3))


def test_what_is_picked_is_mapped_and_equal_and_its_files_go(tmp_path: Path) -> None:
    plain = big(50)
    back = mapped.read(mapped.write(plain, tmp_path / "it"))
    picked = back.sequences.select([7, 3, 3])
    assert isinstance(picked.item, np.memmap)
    for name in ("learners", "offsets", "item", "outcome", "accepted", "minutes", "time"):
        np.testing.assert_array_equal(getattr(picked, name), getattr(plain.sequences.select([7, 3, 3]), name))
    kept = replace(picked, extra={}).where(picked.outcome == 1)  # another name for the same files keeps them
    assert len(list((tmp_path / "it").glob("picked-*"))) == 2
    del picked, kept
    gc.collect()
    assert not list((tmp_path / "it").glob("picked-*"))


@pytest.mark.parametrize("split", [ByLearner(seed=1), Windowed(ByLearner(seed=1), length=7)])
def test_a_split_is_the_one_of_the_data_in_memory(tmp_path: Path, split: ByLearner | Windowed) -> None:
    plain = big(50)
    _, one = prepare(plain, split)
    _, other = prepare(mapped.read(mapped.write(plain, tmp_path / "it"), name="big"), split)
    for part in ("train", "valid", "test"):
        a, b = getattr(one, part), getattr(other, part)
        assert isinstance(b.item, np.memmap)
        for name in ("learners", "offsets", "item", "outcome", "time"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
        assert a.extra.keys() == b.extra.keys()


def test_memory_grows_with_the_batch_not_with_the_data(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from lernpfad.training.batches import loader

    def peak(learners: int) -> int:
        back = mapped.read(mapped.write(big(learners), tmp_path / str(learners)))
        tracemalloc.start()
        for batch in loader(back.sequences, 2048):
            assert batch.item.numel() <= 2048
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    small, large = peak(500), peak(8000)
    rows = (8000 - 500) * 40
    assert large - small < 2.5 * rows  # bytes: less than a tenth of what the columns would take as batches


@pytest.mark.parametrize("wrong", ["there", "twice", "catalog", "columns", "type", "none"])
def test_what_cannot_be_written_is_refused(tmp_path: Path, wrong: str) -> None:
    one, other = big(3), big(3, first=3)
    if wrong == "there":
        (tmp_path / "it").mkdir()
    if wrong == "twice":
        other = big(3)
    if wrong == "catalog":
        other = Dataset("other", replace(other.sequences, catalog=Catalog.of(list("abcd"), ["x"], [[0], [0], [0], []])))
    if wrong == "columns":
        other = replace(other, sequences=replace(other.sequences, extra={}))
    if wrong == "type":
        wide = {"propensity": np.array(["words"] * 120)}
        other = replace(other, sequences=replace(other.sequences, extra=wide))
    with pytest.raises(
        DataError, match={"there": "already", "twice": "two parts", "none": "no parts"}.get(wrong, wrong)
    ):
        mapped.write(iter([]) if wrong == "none" else iter([one, other]), tmp_path / "it")
    assert [path.name for path in tmp_path.iterdir()] == (["it"] if wrong == "there" else [])


def test_a_damaged_folder_is_named(tmp_path: Path) -> None:
    folder = mapped.write(big(3), tmp_path / "it")
    (folder / "item.npy").write_bytes(b"no")
    with pytest.raises(DataError, match=r"item\.npy: not a readable"):
        mapped.read(folder)
    (folder / "item.npy").unlink()
    with pytest.raises(DataError, match=r"item\.npy: no such file"):
        mapped.read(folder)
