"""Nothing damaged, foreign or too new is ever loaded; what is wrong is named."""

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lernpfad.core import BundleError
from lernpfad.serve.bundle import load
from lernpfad.serve.manifest import MANIFEST, SCHEMA, _digest, inventory
from serve.stack import TRUST, written


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("bundles") / "one")


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


FILES = [
    "catalog/arrays.safetensors",
    "catalog/strings.json",
    "model_card.md",
    "recommender/arrays.safetensors",
    "roles/arrays.safetensors",
    "roles/strings.json",
    "tracer/arrays.safetensors",
]


def test_the_list_of_files_to_tamper_with_is_whole(folder: Path) -> None:
    assert sorted(load(folder, trust=TRUST).manifest.files) == FILES


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_is_refused_by_name(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[-1] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(BundleError, match=f"{name} .*changed after the export"):
        load(copy, trust=TRUST)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_refused_by_name(copy: Path, name: str) -> None:
    (copy / name).write_bytes((copy / name).read_bytes()[:-5])
    with pytest.raises(BundleError, match=f"{name} .*bytes, the manifest says"):
        load(copy, trust=TRUST)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_by_name(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(BundleError, match=f"{name} is missing"):
        load(copy, trust=TRUST)


def test_a_file_too_many_is_refused_by_name(copy: Path) -> None:
    (copy / "tracer" / "mastery.onnx").write_bytes(b"x")
    with pytest.raises(BundleError, match=r"tracer/mastery.onnx .*not in the manifest"):
        load(copy, trust=TRUST)


def test_no_bundle_there(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no bundle at .*no manifest.json.*lernpfad export"):
        load(tmp_path / "nothing")


@pytest.mark.parametrize("end", [0, 1, 200])
def test_a_truncated_manifest_is_refused(copy: Path, end: int) -> None:
    (copy / MANIFEST).write_bytes((copy / MANIFEST).read_bytes()[:end])
    with pytest.raises(BundleError, match=r"manifest.json in .* is not JSON"):
        load(copy, trust=TRUST)


def edit(folder: Path, *, seal: bool = False, **changed: Any) -> None:
    """Change entries of the manifest; with `seal`, as somebody who knows how the digest is made."""
    content = json.loads((folder / MANIFEST).read_text()) | changed | {"digest": ""}
    if seal:
        content["digest"] = _digest(content)
    (folder / MANIFEST).write_text(json.dumps(content))


def test_an_edited_manifest_is_refused(copy: Path) -> None:
    edit(copy, max_repeats=99)
    with pytest.raises(BundleError, match=r"manifest.json .*changed after the export"):
        load(copy, trust=TRUST)


def test_a_newer_schema_is_refused_before_anything_else(copy: Path) -> None:
    edit(copy, schema=SCHEMA + 1, an_entry_of_tomorrow=1)
    with pytest.raises(BundleError, match=rf"schema {SCHEMA + 1}, .*reads up to {SCHEMA}; upgrade lernpfad"):
        load(copy, trust=TRUST)


@pytest.mark.parametrize("content", ["[]", "{}", '{"schema": "1"}', "3", "null", '{"schema": true}'])
def test_something_else_than_a_manifest_is_refused(copy: Path, content: str) -> None:
    (copy / MANIFEST).write_text(content)
    with pytest.raises(BundleError, match=r"manifest.json"):
        load(copy, trust=TRUST)


def test_a_file_outside_of_the_bundle_is_refused(copy: Path) -> None:
    edit(copy, seal=True, files={"../../etc/passwd": {"sha256": "", "bytes": 0}})
    with pytest.raises(BundleError, match=r"passwd', which is outside of the bundle"):
        load(copy, trust=TRUST)


def models_with(folder: Path, part: str, **changed: Any) -> dict[str, Any]:
    models = json.loads((folder / MANIFEST).read_text())["models"]
    return models | {part: models[part] | changed}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("os.system", r"'os.system', which is outside of lernpfad; .*trust=\('os',\)"),
        ("lernpfadish.Tracer", "outside of lernpfad"),
        ("lernpfad.tracing.bkt.BTK", "no class named 'BTK'; did you mean 'BKT'"),
        ("lernpfad.tracing.akt2.AKT", "cannot be imported"),
        ("lernpfad.core.errors.get_close_matches", "no class named 'get_close_matches'"),
        ("lernpfad.core.catalog.Catalog", "Catalog"),
        ("", "outside of lernpfad"),
    ],
)
def test_a_class_that_is_not_ours_is_refused(copy: Path, path: str, message: str) -> None:
    edit(copy, seal=True, models=models_with(copy, "tracer", **{"class": path}))
    with pytest.raises(BundleError, match=message):
        load(copy, trust=TRUST)


def test_a_class_that_is_no_tracer_is_refused(copy: Path) -> None:
    edit(copy, seal=True, models=models_with(copy, "tracer", **{"class": "lernpfad.tracing.itemmean.Sequences"}))
    with pytest.raises(BundleError, match="Sequences"):
        load(copy, trust=TRUST)


def test_a_foreign_class_needs_trust(folder: Path) -> None:
    with pytest.raises(BundleError, match=r"Recency', which is outside of lernpfad"):
        load(folder)


def test_settings_that_the_class_does_not_take(copy: Path) -> None:
    edit(copy, seal=True, models=models_with(copy, "tracer", settings={"speed": 1}))
    with pytest.raises(BundleError, match=r"Recency does not take these settings.*speed"):
        load(copy, trust=TRUST)


def test_a_policy_that_cannot_be_built(copy: Path) -> None:
    edit(copy, seal=True, models=models_with(copy, "policy", **{"class": "os.system"}))
    with pytest.raises(BundleError, match=r"manifest.json describes a policy that cannot be built"):
        load(copy, trust=TRUST)


def test_a_manifest_without_a_tracer(copy: Path) -> None:
    edit(copy, seal=True, models={"policy": {}})
    with pytest.raises(BundleError, match=r"does not describe its models.*tracer"):
        load(copy, trust=TRUST)


def test_columns_of_another_time_are_refused(copy: Path) -> None:
    from lernpfad.serve.files import write_arrays

    write_arrays(copy / "catalog", {"items": np.array(["a"])})
    edit(copy, seal=True, files=inventory(copy))
    with pytest.raises(BundleError, match=r"catalog in .* holds \['items'\], expected"):
        load(copy, trust=TRUST)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PLACES = st.sampled_from(
    [
        ("schema",),
        ("max_repeats",),
        ("files",),
        ("files", "model_card.md"),
        ("models",),
        ("models", "tracer"),
        ("models", "tracer", "class"),
        ("models", "tracer", "form"),
        ("models", "tracer", "settings"),
        ("models", "tracer", "settings", "rate"),
        ("models", "policy"),
        ("models", "policy", "class"),
        ("models", "policy", "epsilon"),
        ("models", "recommender"),
    ]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=PLACES, value=ANY_JSON)
def test_a_sealed_manifest_of_any_content_is_loaded_or_refused(
    folder: Path, tmp_path: Path, where: tuple[str, ...], value: Any
) -> None:
    place = tmp_path / "fuzzed"
    if not place.exists():
        shutil.copytree(folder, place)
    content = json.loads((folder / MANIFEST).read_text())
    inner = content
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value
    try:
        sealed = content | {"digest": ""}
        content["digest"] = _digest(sealed)
    except ValueError:  # NaN or infinity: no digest can be made
        pass
    (place / MANIFEST).write_text(json.dumps(content))
    with suppress(BundleError):  # any other error is the failure
        assert load(place, trust=TRUST).catalog.items[0] == "i0"


def test_the_one_place_for_graphs_is_refused_where_there_are_none(copy: Path) -> None:
    edit(copy, seal=True, models=models_with(copy, "tracer", form="graphs"))
    with pytest.raises(BundleError, match=r"cannot read start.safetensors"):
        load(copy, trust=TRUST)


@pytest.mark.parametrize(
    ("entry", "value", "message"),
    [
        ("files", [], "'files' is no dict"),
        ("max_repeats", "2", "'max_repeats' is no int"),
        ("files", {"model_card.md": 3}, "no size and sha256 of model_card.md"),
    ],
)
def test_an_entry_of_another_kind_is_refused(copy: Path, entry: str, value: Any, message: str) -> None:
    edit(copy, seal=True, **{entry: value})
    with pytest.raises(BundleError, match=message):
        load(copy, trust=TRUST)
