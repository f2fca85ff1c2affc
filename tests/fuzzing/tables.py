"""Small logs in every layout that is read, each a folder of files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from lernpfad.data import table
from lernpfad.data.dataset import Dataset
from lernpfad.data.sources import akt, fsrs, itemsequence, jedm, pykt
from lernpfad.run import histories
from serve.stack import catalog, roles
from serve.stack import histories as made_up

_TEXTS: Final[dict[str, dict[str, str]]] = {
    "akt": {
        "set_test1.csv": "0,501\n11,11,12,12\n1,2,1,1\n1,1,0,0\n",
        "set_train1.csv": "4,502\n11\n2\n0\n",
        "skill.json": '{"circles": 1, "lines": 2}',
    },
    "fsrs": {
        "review_logs_josh.csv": "card_id,review_rating,review_time,review_duration\n"
        "7,1,2024-03-29T20:32:32.250000+00:00,30000\n5,3,2024-03-29T20:32:31Z,6000\n"
    },
    "lists": {"log.txt": "ada\t3 1 2\nbea\t2\n"},
    "pairs": {"log.txt": "ada 3\nada 1\nbea 3\n"},
    "jedm": {
        "preprocessed_data_train.csv": "user_id\titem_id\ttimestamp\tcorrect\tskill_id\n8\t2\t0\t1\t5\n3\t0\t0\t1\t4\n",
        "preprocessed_data_test.csv": "user_id\titem_id\ttimestamp\tcorrect\tskill_id\n1\t1\t0\t0\t4\n",
    },
    "pykt": {
        "train_valid.csv": 'fold,uid,concepts,responses\n0,16,"9,9,30","0,1,1"\n1,4,"30","1"\n',
        "test.csv": 'fold,uid,concepts,responses,cidxs\n-1,7,"10,9","1,0","0,1"\n',
    },
    "csv": {
        "interactions.csv": "learner,item,time,accepted,outcome,minutes,propensity\n"
        "ada,i0,100.5,true,1,3.5,0.5\nada,i1,200.5,false,-1,0,0.25\n",
        "items.csv": "item,skills,minutes,kind\ni0,s0|s1,3,exercise\ni1,,4,read\n",
        "skills.csv": "skill\ns0\ns1\n",
        "prerequisites.csv": "before,after\ns0,s1\n",
        "learners.csv": "learner,role,target_role,team\nada,analyst,,a\n",
        "roles.csv": "role,skill,valid_from,level,weight\nanalyst,s0,0,0.5,1\nanalyst,s1,100,0.7,2\n",
    },
}


def _records(folder: Path) -> None:
    table.write(_dataset(), folder)


def _batch(folder: Path) -> None:
    table.write(_dataset(), folder)
    for path in folder.iterdir():
        if path.name != "interactions.parquet":
            path.unlink()


def _matrix(folder: Path) -> None:
    from scipy import sparse

    sparse.save_npz(folder / "q_mat.npz", sparse.csr_matrix(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])))


_MORE: Final[dict[str, Callable[[Path], None]]] = {"parquet": _records, "batch": _batch, "jedm": _matrix}

_READ: Final[dict[str, Callable[[Path], Any]]] = {
    "akt": akt.read,
    "fsrs": fsrs.read,
    "lists": lambda folder: itemsequence.read(folder, "log.txt"),
    "pairs": lambda folder: itemsequence.read(folder, "log.txt"),
    "jedm": jedm.read,
    "pykt": pykt.read,
    "csv": table.read,
    "parquet": table.read,
    "batch": lambda folder: list(histories.chunks(folder / "interactions.parquet", catalog(), together=2)),
}
KINDS: Final = tuple(_READ)


def write(folder: Path, kind: str) -> None:
    """The files of one layout."""
    for name, text in _TEXTS.get(kind, {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    _MORE.get(kind, lambda folder: None)(folder)


def read(folder: Path, kind: str) -> Any:
    """What is in the folder; a data set can be named by its content."""
    found = _READ[kind](folder)
    if isinstance(found, Dataset):
        assert found.fingerprint
    return found


def _dataset() -> Dataset:
    logs = made_up(catalog(), learners=3, rows=4)
    learner = {"role": np.array([0, 1, -1]), "team": np.array(["a", "b", "a"])}
    return Dataset("small", logs, learner, roles())
