"""Rankings on disk: what is read is what was written, and what train leaves in its run folder."""

import json

import numpy as np
import pytest

from evaluate.handmade import log
from evaluate.test_ranking import Fixed
from lernpfad.core import DataError
from lernpfad.evaluate import ranking, ranking_slices
from lernpfad.run import rankings, train


def test_read_gives_what_was_written(tmp_path):
    histories = log([[(0, 1), (j % 7, 1), ((j + 3) % 7, 1)] for j in range(9)])
    result = ranking.evaluate(Fixed(), histories, histories.position > 0, ks=(3, 20))
    rankings.write(tmp_path, result)
    back = rankings.read(tmp_path)
    assert back.metrics == result.metrics
    assert set(back.per_learner) == set(result.per_learner)
    for name, column in result.per_learner.items():
        np.testing.assert_array_equal(back.per_learner[name], column)
    np.testing.assert_array_equal(back.lists, result.lists)
    for name in ("names", "history", "offsets", "item", "rank", "takers", "fifth", "cold", "popularity"):
        np.testing.assert_array_equal(getattr(back.asked, name), getattr(result.asked, name), err_msg=name)
    assert ranking.difference(back, result, "ndcg@3", resamples=10) == (0.0, 0.0, 0.0)
    assert ranking_slices.tables(back) == ranking_slices.tables(result)


def test_one_row_a_learner_for_whoever_reads_it_with_other_tools(tmp_path):
    pandas = pytest.importorskip("pandas")
    histories = log([[(0, 1), (1, 1)], [(2, 1)], [(-1, 1), (3, 1), (4, 1)]])
    path = rankings.write(tmp_path, ranking.evaluate(Fixed(), histories, histories.item > 0, ks=(1,)))
    frame = pandas.read_parquet(path).set_index("learner")
    assert frame["history"].to_dict() == {"learner-0": 1, "learner-1": 0, "learner-2": 1}
    assert frame["targets"].to_dict() == {"learner-0": 1, "learner-1": 1, "learner-2": 2}
    assert frame["recall@1"].to_list() == [1.0, 0.0, 0.0]
    assert frame.loc["learner-2", "rank"].tolist() == [np.inf, np.inf]
    assert frame.loc["learner-1", "list"].tolist() == [0]


def test_what_is_no_ranking_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no rankings in .*; give the ranking/test of a lernpfad train"):
        rankings.read(tmp_path)


def test_train_keeps_rankings_slices_and_the_split(lernpfad, tiny_log, tmp_path):
    words = ("train", "data=logs", f"data.folder={tiny_log}", "resamples=20", "tracking=none", "tracer=null")
    assert lernpfad(*words, "recommender=popularity", "hydra.run.dir=runs/all") == 0
    last = ("ranking_targets=last", "ranking_mask_seen=false", "hydra.run.dir=runs/last")
    assert lernpfad(*words, "recommender=popularity", *last) == 0
    every, one = (rankings.read(tmp_path / "runs" / name / train.TEST_RANKINGS) for name in ("all", "last"))
    metrics = json.loads((tmp_path / "runs" / "all" / "metrics.json").read_text())
    assert metrics["test/ndcg_at_10"] == pytest.approx(every.metrics["ndcg@10"])
    assert (one.asked.count == 1).all()
    assert every.asked.count.max() > 1
    slices = json.loads((tmp_path / "runs" / "all" / train.TEST_RANKINGS / train.SLICES_FILE).read_text())
    assert sum(row["n"] for row in slices["history"].values()) == len(every.learners)
    split = json.loads((tmp_path / "runs" / "last" / train.SPLIT_FILE).read_text())
    told = {"history": 0.5, "targets": "last", "mask_seen": False, "ks": [5, 10, 20], "ties": ranking.TIES}
    assert split["ranking"] == told
    assert split["by_learner"]
    assert split["parts"]["test"]["learners"] >= len(one.learners)
    assert lernpfad(*words, "recommender=popularity", "ranking_targets=frist") == 2
