"""The other ways to divide a data set that its YAML names in a comment can be said on the command line."""

import re
import shlex
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from lernpfad.data.split import ByTime, LeaveLastOut


@pytest.mark.parametrize(("name", "expected"), [("mooccubex", LeaveLastOut(validate=False, sample=10_000))])
def test_the_override_in_the_comment_works(configs: Path, name: str, expected: object) -> None:
    comment = re.search(r"^# .*: ('~data.split' .*)$", (configs / "data" / f"{name}.yaml").read_text(), re.MULTILINE)
    assert comment is not None
    with initialize_config_dir(config_dir=str(configs), version_base="1.3"):
        config = compose(overrides=[f"+data={name}", *shlex.split(comment[1])])
    assert instantiate(config.data.split) == expected


def test_the_same_data_may_be_cut_in_time(configs: Path) -> None:
    with initialize_config_dir(config_dir=str(configs), version_base="1.3"):
        plain, cut = (compose(overrides=[f"+data={name}"]).data for name in ("assist17", "assist17_by_time"))
    assert instantiate(cut.split) == ByTime(test_quantile=0.8, valid_quantile=0.7)
    assert cut.source == plain.source


@pytest.mark.parametrize("name", ["assist2015", "akt2017", "akt2009"])
def test_a_fold_is_chosen_by_one_key(configs: Path, name: str) -> None:
    with initialize_config_dir(config_dir=str(configs), version_base="1.3"):
        config = compose(overrides=[f"+data={name}", "data.fold=3"])
    assert instantiate(config.data.split).split.fold == 3
