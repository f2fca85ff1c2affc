"""Graphs in fewer bits: what is lost and gained is what the manifest says, and a broken conversion is never written."""

from functools import partial

import numpy as np
import pytest

from lernpfad.collaborative.popularity import Popularity
from lernpfad.core import BundleError, ConfigError, NextBest, trace
from lernpfad.data.dataset import Dataset, Split
from lernpfad.evaluate.metrics import tracing_metrics
from lernpfad.policy.debtperminute import DebtPerMinute
from lernpfad.run import precision
from lernpfad.run.again import TrainedOn
from lernpfad.serve.bundle import load
from lernpfad.tracing.itemmean import ItemMean
from serve.stack import written

PROTOCOL = {"history": 0.5, "targets": "all", "mask_seen": True, "ks": [5, 10]}


@pytest.fixture(scope="module")
def tested(planted):
    every = (np.ones(len(part), dtype=bool) for part in (planted.valid, planted.test))
    split = Split("planted", planted.train, planted.valid, planted.test, *every)
    return {"tracer": TrainedOn(Dataset("planted", planted.train), split, PROTOCOL)}


@pytest.fixture(scope="module")
def stack(planted):
    from lernpfad.tracing.dkt import DKT
    from lernpfad.training import Fitting, NeuralTracer

    fitting = Fitting(max_epochs=6, learning_rate=0.01, accelerator="cpu", progress_bar=False)
    tracer = NeuralTracer(partial(DKT, width=24, item_width=8), fitting).fit(planted.train, planted.valid)
    return NextBest(tracer, Popularity().fit(planted.train), DebtPerMinute())


def exported(folder, stack, lighter=None, *, catalog):
    return written(folder, stack, catalog=catalog, roles=None, trust=(), lighter=lighter)


@pytest.fixture(scope="module")
def full(stack, planted, tmp_path_factory):
    return load(exported(tmp_path_factory.mktemp("full") / "bundle", stack, catalog=planted.catalog))


@pytest.fixture(scope="module")
def graphs(full):
    """What was exported, to be exported again: its graphs are copied, where a network's would be made anew."""
    return full.next_best


def test_float32_says_nothing_of_precision(full):
    assert "precision" not in full.manifest.models["tracer"]


@pytest.mark.parametrize("name", [precision.INT8, precision.FLOAT16])
def test_what_the_manifest_says_is_what_it_serves(name, full, graphs, planted, tested, tmp_path):
    lighter = precision.Lighter(name, tested, may_lose=0.05)
    light = load(exported(tmp_path / "bundle", graphs, lighter, catalog=planted.catalog))
    facts = light.manifest.models["tracer"]["precision"]
    assert facts["precision"] == name
    scored = planted.test.assessed
    for one, place in ((full, "float32"), (light, "here")):
        metrics = tracing_metrics(
            trace(one.next_best.tracer, planted.test)[scored], planted.test.outcome[scored].astype(np.int64)
        )
        assert facts["measured"][place]["test"] == pytest.approx(metrics["auc"], abs=1e-12)
        files = sorted((one.folder / "tracer").glob("*.onnx"))
        assert facts["bytes"][place] == sum(path.stat().st_size for path in files)
    assert light.manifest.metrics["tracer"] == pytest.approx(metrics)  # what is served is what was judged
    measured = facts["measured"]
    for part in ("valid", "test"):
        assert facts["lost"][f"{part}/auc"] == measured["float32"][part] - measured["here"][part]
    assert facts["bytes"]["here"] < facts["bytes"]["float32"]
    assert all(spent > 0 for of in facts["milliseconds"].values() for spent in of.values())
    differs = trace(light.next_best.tracer, planted.test) - trace(full.next_best.tracer, planted.test)
    assert 0 < np.abs(differs).max() < 0.05
    card = (light.folder / "model_card.md").read_text()
    assert f"| lost/test/auc | {facts['lost']['test/auc']:.4g} |" in card


def numb(source, target):
    """A conversion that forgets every weight."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(source)
    for one in graph.graph.initializer:
        array = numpy_helper.to_array(one)
        if array.dtype == np.float32:
            one.CopyFrom(numpy_helper.from_array(np.zeros_like(array), one.name))
    onnx.save(graph, target)


def test_a_conversion_that_loses_too_much_is_not_written(graphs, planted, tested, tmp_path, monkeypatch):
    monkeypatch.setitem(precision.CONVERSIONS, precision.INT8, numb)
    old = load(exported(tmp_path / "bundle", graphs, catalog=planted.catalog)).version
    with pytest.raises(BundleError, match=r"precision=int8 loses 0\.\d+ of the tracer's \w+/auc, allowed is 0.05"):
        exported(tmp_path / "bundle", graphs, precision.Lighter("int8", tested, may_lose=0.05), catalog=planted.catalog)
    assert load(tmp_path / "bundle").version == old
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_conversion_that_fails_is_one_line(graphs, planted, tested, tmp_path, monkeypatch):
    def fails(source, target):
        raise RuntimeError("no such operator\nand a long trace")

    monkeypatch.setitem(precision.CONVERSIONS, precision.INT8, fails)
    with pytest.raises(
        BundleError, match=r"\.onnx cannot be converted to int8 \(no such operator\); nothing was written"
    ):
        exported(tmp_path / "bundle", graphs, precision.Lighter("int8", tested, may_lose=0.05), catalog=planted.catalog)
    assert not list(tmp_path.iterdir())


def test_where_there_are_no_graphs_there_is_nothing_to_convert(planted, tested, tmp_path):
    arrays = NextBest(ItemMean().fit(planted.train), None, DebtPerMinute())
    lighter = precision.Lighter("float16", tested, may_lose=0.05)
    with pytest.raises(ConfigError, match="precision=float16 is for ONNX graphs, and none of these models has any"):
        exported(tmp_path / "bundle", arrays, lighter, catalog=planted.catalog)
    assert not list(tmp_path.iterdir())


def test_a_model_without_graphs_is_not_measured(stack, planted):
    assert precision.has_graphs(stack.tracer)
    assert not precision.has_graphs(stack.recommender)
    assert not precision.has_graphs(ItemMean())


def test_an_unheard_of_precision_is_refused_by_name():
    with pytest.raises(ConfigError, match="no precision named 'int4'"):
        precision.check("int4")


def test_a_smaller_graph_that_was_tampered_with_is_refused_by_name(full, graphs, planted, tested, tmp_path):
    lighter = precision.Lighter("float16", tested, may_lose=0.05)
    folder = exported(tmp_path / "bundle", graphs, lighter, catalog=planted.catalog)
    (folder / "tracer" / "step.onnx").write_bytes((full.folder / "tracer" / "step.onnx").read_bytes())
    with pytest.raises(BundleError, match=r"tracer/step.onnx in .* has \d+ bytes, the manifest says"):
        load(folder)
