"""Other ways to divide a data set have a YAML of their own, or a key."""

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from lernpfad.data.ranking_splits import ColdItems, StrongGeneralisation
from lernpfad.data.split import ByTime, LeaveLastOut


@pytest.mark.parametrize(
    ("name", "plain", "expected"),
    [
        ("assist17_by_time", "assist17", ByTime(test_quantile=0.8, valid_quantile=0.7)),
        ("mooccubex_last", "mooccubex", LeaveLastOut(validate=True, sample=10_000)),
        ("mooccubex_last_published", "mooccubex", LeaveLastOut(validate=False, sample=10_000)),
        ("mooccubex_strong", "mooccubex", StrongGeneralisation(test=10_000, valid=10_000, history=0.8)),
        ("synthetic_by_time", "synthetic", ByTime(test_quantile=0.9, valid_quantile=0.8)),
        ("synthetic_cold", "synthetic", ColdItems(ByTime(test_quantile=0.9, valid_quantile=0.8), share=0.1)),
    ],
)
def test_the_same_data_may_be_divided_otherwise(configs: Path, name: str, plain: str, expected: object) -> None:
    with initialize_config_dir(config_dir=str(configs), version_base="1.3"):
        ours, theirs = (compose(overrides=[f"+data={one}"]).data for one in (name, plain))
    assert instantiate(ours.split) == expected
    assert ours.source == theirs.source


@pytest.mark.parametrize("name", ["assist2015", "akt2017", "akt2009"])
def test_a_fold_is_chosen_by_one_key(configs: Path, name: str) -> None:
    with initialize_config_dir(config_dir=str(configs), version_base="1.3"):
        config = compose(overrides=[f"+data={name}", "data.fold=3"])
    assert instantiate(config.data.split).split.fold == 3
