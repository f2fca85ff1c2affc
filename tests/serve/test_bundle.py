"""What is written is what is read, and nothing damaged is ever loaded."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lernpfad.collaborative.als import ALS
from lernpfad.collaborative.popularity import Popularity
from lernpfad.core import BundleError, fold, recommend
from lernpfad.core.laws import PlantedAnswers
from lernpfad.core.laws.law import hold
from lernpfad.core.laws.tracer import TRACER_LAWS
from lernpfad.core.laws.tracer_case import TracerCase
from lernpfad.policy.combine import Explore, Legal, Mix
from lernpfad.policy.debtperminute import DebtPerMinute
from lernpfad.policy.oracle import Oracle
from lernpfad.policy.random import Random
from lernpfad.serve.bundle import load
from lernpfad.serve.manifest import MANIFEST, SCHEMA
from lernpfad.tracing.bkt import BKT
from lernpfad.tracing.itemmean import ItemMean
from serve.stack import METRICS, PROVENANCE, START, TRUST, Counts, Recency, catalog, fitted, histories, roles, written


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("bundles") / "one")


def same_columns(one: Any, other: Any) -> None:
    for column in fields(one):
        before, after = getattr(one, column.name), getattr(other, column.name)
        np.testing.assert_array_equal(after, before, err_msg=column.name)
        assert after.dtype.kind == before.dtype.kind, column.name


def test_catalog_and_roles_come_back_as_they_were(folder: Path) -> None:
    found = load(folder, trust=TRUST)
    same_columns(catalog(), found.catalog)
    assert found.roles is not None
    same_columns(roles(), found.roles)


@pytest.mark.parametrize("tracer", [Recency(rate=0.2), ItemMean(), BKT(starts=1, max_iterations=3)])
@pytest.mark.parametrize("recommender", [Counts(), Popularity(), ALS(factors=4, iterations=3)])
def test_the_loaded_stack_recommends_the_same(tmp_path: Path, tracer: Any, recommender: Any) -> None:
    stack = fitted(tracer=tracer, recommender=recommender)
    twin = load(written(tmp_path / "bundle", stack), trust=TRUST).next_best
    log = histories(catalog(), learners=7, seed=5)
    need = roles().at(np.arange(7) % 2, START)
    before, after = (
        recommend(one.policy, one.situation(log, requirement=need, minutes_left=np.full(7, 6.0)), k=4)
        for one in (stack, twin)
    )
    assert before == after
    assert len(before[0]) == 4
    np.testing.assert_array_equal(fold(twin.tracer, log)[1], fold(stack.tracer, log)[1])


@pytest.mark.parametrize("tracer", [ItemMean(), BKT(starts=1, max_iterations=20)])
def test_a_loaded_tracer_obeys_the_laws(tmp_path: Path, tracer: Any, planted: PlantedAnswers) -> None:
    tracer.fit(planted.train)
    found = load(written(tmp_path / "bundle", tracer=tracer, recommender=None, catalog=planted.catalog, roles=None))
    hold(TRACER_LAWS, TracerCase(planted=planted, fitted=found.next_best.tracer))


def test_a_bundle_without_recommender_and_roles(tmp_path: Path) -> None:
    found = load(written(tmp_path / "bundle", recommender=None, roles=None), trust=TRUST)
    assert found.next_best.recommender is None
    assert found.roles is None
    assert np.isfinite(found.next_best.score(histories(catalog()), np.arange(3))).any()


def test_the_manifest_says_what_it_is(folder: Path) -> None:
    manifest = load(folder, trust=TRUST).manifest
    assert manifest.schema == SCHEMA
    assert manifest.models["tracer"] == {
        "class": f"{Recency.__module__}.Recency",
        "form": "arrays",
        "settings": {"rate": 0.3},
    }
    assert manifest.models["policy"]["class"].endswith("DebtPerMinute")
    assert manifest.metrics == {"test/auc": 0.731, "closed_loop": {"debt_weeks_per_hour": 0.42}, "skipped": None}
    assert manifest.data_hash == PROVENANCE["data_hash"]
    assert set(manifest.files) == {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST
    }
    assert len(manifest.version) == 12


def test_the_model_card_tells_the_facts_of_the_run(folder: Path) -> None:
    card = (folder / "model_card.md").read_text()
    for fact in (
        "Recency",
        "rate=0.3",
        "DebtPerMinute",
        "Planted data only.",
        "ab" * 32,
        "test/auc | 0.731",
        "0123abc",
    ):
        assert fact in card, fact
    assert "24 items, 6 skills, 2 roles" in card
    assert str(METRICS["closed_loop"]["debt_weeks_per_hour"]) in card
    assert "promotion" in card


def test_policies_inside_policies_come_back(tmp_path: Path) -> None:
    policy = Mix(policies=(Legal(policy=Random()), Explore(policy=DebtPerMinute(), rate=0.2)), weights=(1.0, 3.0))
    folder = written(tmp_path / "bundle", policy=policy)
    twin = load(folder, trust=TRUST).next_best
    situation = twin.situation(histories(catalog(), learners=3))
    np.testing.assert_array_equal(twin.policy.propensities(situation), policy.propensities(situation))
    assert "Explore(policy=DebtPerMinute(" in (folder / "model_card.md").read_text()


def test_two_exports_of_one_stack_differ_in_the_date_alone(tmp_path: Path) -> None:
    one, other = (load(written(tmp_path / name), trust=TRUST).manifest for name in "ab")
    assert one.files.keys() == other.files.keys()
    differ = [name for name in one.files if one.files[name] != other.files[name]]
    assert differ in ([], ["model_card.md"])


def test_no_file_of_a_bundle_is_a_pickle(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            assert path.suffix in (".json", ".safetensors", ".onnx", ".md"), path
            assert not path.read_bytes().startswith(b"\x80"), path


class Forgetful(Recency):
    """Keeps something that it learned out of its arrays: the twin cannot know it."""

    shift = 0.0

    def fit(self, train: Any, valid: Any = None) -> Any:
        self.shift = 0.1
        return super().fit(train, valid)

    def predict(self, state: Any, items: Any, at: Any) -> Any:
        return super().predict(state, items, at) - self.shift


class Objects(Recency):
    def fit(self, train: Any, valid: Any = None) -> Any:
        super().fit(train, valid)
        self.names_ = np.array([{}, None], dtype=object)
        return self


class Whimsical(Counts):
    def score(self, histories: Any, items: Any) -> Any:
        return super().score(histories, items) + id(self) % 1000


class Moody:
    """A policy whose offers hang on something that is none of its settings."""

    mood = 0.0

    def propensities(self, situation: Any) -> Any:
        first = situation.eligible & (np.cumsum(situation.eligible, axis=1) == 1)
        return first.astype(float) if self.mood else Random().propensities(situation)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_twin_that_says_something_else_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"tracer's predictions .*differs from the original by .*nothing was written"):
        written(tmp_path / "bundle", fitted(tracer=Forgetful()), trust=(*TRUST, __name__))
    assert left(tmp_path) == []


def test_a_recommender_that_says_something_else_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"recommender's affinity differs"):
        written(tmp_path / "bundle", fitted(recommender=Whimsical()), trust=(*TRUST, __name__))
    assert left(tmp_path) == []


def test_a_policy_that_offers_something_else_is_not_written(tmp_path: Path) -> None:
    policy = Moody()
    policy.mood = 1.0
    old = load(written(tmp_path / "bundle"), trust=TRUST).version
    with pytest.raises(BundleError, match=r"policy's propensities differ .*nothing was written"):
        written(tmp_path / "bundle", policy=policy, trust=(*TRUST, __name__))
    assert load(tmp_path / "bundle", trust=TRUST).version == old
    assert left(tmp_path) == ["bundle"]


@pytest.mark.parametrize(
    ("tracer", "message"),
    [
        (Objects(), "cannot export Objects: Objects.names_ is not an array of numbers or strings"),
        (Recency(rate=float("inf")), "setting 'rate' of Recency: inf cannot be written as JSON"),
        (Recency(rate=1j), "setting 'rate' of Recency"),
    ],
)
def test_what_cannot_be_written_is_refused_by_name(tmp_path: Path, tracer: Any, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        written(tmp_path / "bundle", fitted(tracer=tracer), trust=(*TRUST, __name__))
    assert left(tmp_path) == []


def test_an_unfitted_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"cannot export ItemMean: .*has not been fitted"):
        written(tmp_path / "bundle", tracer=ItemMean())
    assert left(tmp_path) == []


def test_an_oracle_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="oracle sees the truth"):
        written(tmp_path / "bundle", policy=Oracle())
    assert left(tmp_path) == []


def test_a_failed_export_leaves_the_old_bundle_alone(tmp_path: Path) -> None:
    old = load(written(tmp_path / "bundle"), trust=TRUST).version
    with pytest.raises(BundleError):
        written(tmp_path / "bundle", fitted(tracer=Forgetful()), trust=(*TRUST, __name__))
    assert load(tmp_path / "bundle", trust=TRUST).version == old
    assert left(tmp_path) == ["bundle"]


def test_a_new_export_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    written(tmp_path / "bundle")
    written(tmp_path / "bundle", tracer=fitted(tracer=ItemMean()).tracer, recommender=None)
    assert type(load(tmp_path / "bundle", trust=TRUST).next_best.tracer) is ItemMean
    assert left(tmp_path) == ["bundle"]


def test_a_folder_with_something_else_in_it_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("years of work")
    with pytest.raises(BundleError, match="exists and is not a bundle"):
        written(tmp_path / "thesis")
    assert left(tmp_path / "thesis") == ["chapter1.tex"]


def test_a_link_to_a_bundle_is_followed(tmp_path: Path) -> None:
    written(tmp_path / "v1")
    (tmp_path / "current").symlink_to(tmp_path / "v1")
    written(tmp_path / "current", recommender=None)
    assert (tmp_path / "current").is_symlink()
    assert load(tmp_path / "current", trust=TRUST).next_best.recommender is None


def test_arrays_that_lie_oddly_in_memory_come_back_as_they_were(tmp_path: Path) -> None:
    from lernpfad.serve.files import read_arrays, write_arrays

    grid = np.arange(12.0).reshape(3, 4)
    arrays = {
        "transposed": grid.T,
        "every_other": grid[:, ::2],
        "big_endian": grid.astype(">f4"),
        "scalar": np.asarray(0.25),
        "empty": np.empty((0, 3), np.int32),
        "flags": np.array([True, False]),
        "names": np.array([["a", "Ünï|码"], ["", "d"]]),
    }
    write_arrays(tmp_path, arrays)
    found = read_arrays(tmp_path)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
        assert found[name].shape == array.shape, name


def test_an_array_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    from lernpfad.serve.files import write_arrays

    with pytest.raises(BundleError, match="array 'when' is of datetime64"):
        write_arrays(tmp_path, {"when": np.array(["2026-01-01"], dtype="datetime64[s]")})
