"""The cheap models on the published protocols; DKT takes minutes and is in experiments/tracing."""

from pathlib import Path

import pytest

from lernpfad.core import KnowledgeTracer, trace
from lernpfad.core.laws.measure import auc
from lernpfad.data.dataset import Dataset, Split
from lernpfad.data.sources import jedm, pykt
from lernpfad.data.split import Published
from lernpfad.data.windows import Windowed
from lernpfad.tracing.bkt import BKT
from lernpfad.tracing.itemmean import ItemMean


def auc_of(tracer: KnowledgeTracer, split: Split) -> float:
    predicted = trace(tracer.fit(split.train, split.valid), split.test)
    return auc(predicted[split.test_scored], split.test.outcome[split.test_scored] == 1)


@pytest.fixture(scope="module")
def assist2015(real_data: Path) -> Dataset:
    return pykt.read(real_data / "pykt_assist2015")


@pytest.mark.real_data
def test_lane_a_bkt_reaches_its_gate(assist2015: Dataset) -> None:
    split = Windowed(Published(fold=0))(assist2015)
    assert split.test_scored.sum() == 134_640
    plain, forgets = auc_of(BKT(forgets=False), split), auc_of(BKT(), split)
    assert plain == pytest.approx(0.6992, abs=0.0005)
    assert forgets >= 0.700
    assert auc_of(ItemMean(), split) < plain


@pytest.mark.real_data
def test_lane_b_bkt_beats_the_item_mean(real_data: Path) -> None:
    split = Published(seed=0)(jedm.read(real_data / "jedm_assistments09"))
    assert split.test_scored.sum() == 58_266
    floor = auc_of(ItemMean(), split)
    assert floor == pytest.approx(0.6856, abs=0.002)
    assert auc_of(BKT(), split) > floor + 0.02
