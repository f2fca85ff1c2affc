"""Every way in which a table can be wrong, and the one line that says so."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lernpfad.core import DataError
from lernpfad.data import Dataset, table

Written = Callable[..., Path]
ITEMS = "item,skills,minutes,kind\na,s1,5,exercise\nb,s1|s2,3,video\n"
HEAD = "learner,item,time,accepted,outcome,minutes\n"
GOOD = "x,a,1,true,1,2\n"
PLAIN = "learner,item\nx,a\n"
ROLES = "role,skill,valid_from,level,weight\ndev,s1,0,.5,1\n"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("x,b,two,true,0,2", "line 3: time is 'two', expected seconds since the epoch, or dates in one ISO form; mend"),
        ("x,b,,true,0,2", "line 3: time is empty"),
        ("x,b,inf,true,0,2", "line 3: time is 'inf', expected seconds"),
        ("x,b,2,perhaps,0,2", "line 3: accepted is 'perhaps', expected true or false; mend or remove it$"),
        ("x,b,2,,0,2", "line 3: accepted is empty"),
        ("x,b,2,true,2,2", r"line 3: outcome is '2', expected 1 \(correct\), 0 \(wrong\) or -1 \(not assessed\)"),
        ("x,b,2,true,0.5,2", "line 3: outcome is '0.5', expected 1"),
        ("x,b,2,true,0,-3", "line 3: minutes is '-3', expected minutes, 0 or more"),
        (",b,2,true,0,2", "line 3: learner is empty"),
        ("x,,2,true,0,2", "line 3: item is empty"),
        ("x,q,2,true,0,2", "line 3: item 'q' is not in table 'items'; add the item there, or mend the id"),
        ("x,b,2,true,0", "line 3: 5 fields, expected 6"),
        ("\nx,b,2,true,0,2", "line 3: learner is empty"),
        ("x,b,0,true,0,2", "line 3: this row is earlier than the learner's row before it"),
        ("x,a,1,true,0,2", "line 3: this learner has this item at this time already"),
        ("x,b,1,false,0,2", "line 3: a declined offer has no outcome, expected -1"),
        ("y,b,2,true,0,2\nx,b,.5,true,0,2", "line 4: this row is earlier than the learner's row before it"),
        ("x,b,2,true,7,2\nx,b,3,true,1,2\nx,b,4,true,1,-1", r"line 3: outcome is '7'.* \(and 1 more bad line\)$"),
        ("x,q,2,true,1,2\nx,r,3,true,1,2\nx,s,4,true,1,1", r"line 3: item 'q'.* \(and 2 more bad lines\)$"),
        ("x,b,two,perhaps,1,2\nx,b,3,true,no,2", r"line 3: .* \(and 1 more bad line\)$"),
    ],
)
def test_a_bad_interaction_is_named(written: Written, rows: str, message: str) -> None:
    folder = written(interactions__csv=f"{HEAD}{GOOD}{rows}\n", items__csv=ITEMS)
    with pytest.raises(DataError, match=rf"interactions\.csv, {message}"):
        table.read(folder)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"interactions": "learner,question\nx,a\n"}, "no column 'item'; table 'interactions' needs learner, item$"),
        (
            {"interactions": "learner,item,outcom\nx,a,1\n"},
            "column 'outcom' looks like 'outcome', which is absent",
        ),
        ({"interactions": ""}, r"interactions\.csv: no column 'learner'; table"),
        ({"items": "item\na\na\n"}, r"items\.csv, line 3: item 'a' comes a second time"),
        ({"items": "item,kind\na,quiz\n"}, "line 2: kind is 'quiz', expected one of exercise, read, video, task"),
        ({"items": "item,minutes\na,long\n"}, "line 2: minutes is 'long', expected minutes, 0 or more"),
        ({"items": "item,skills\na,s|s\n"}, "line 2: skill 's' of item 'a' is there twice; name each skill once"),
        ({"items": "item,skills\na,s||t\n"}, "line 2: skill '' of item 'a' is empty"),
        ({"skills": "skill\ns1\n"}, r"items\.csv, line 3: skill 's2' of item 'b' is not in table 'skills'"),
        ({"skills": "skill\ns1\ns2\ns1\n"}, r"skills\.csv, line 4: skill 's1' comes a second time"),
        (
            {"prerequisites": "before,after\ns1,s9\n"},
            r"prerequisites\.csv, line 2: after 's9' is not in table",
        ),
        ({"prerequisites": "before,after\ns1,s1\n"}, "line 2: a skill cannot be its own prerequisite"),
        (
            {"learners": "learner\nz\n"},
            r"interactions\.csv, line 2: learner 'x' is not in table 'learners'",
        ),
        ({"learners": "learner\nx\nx\n"}, r"learners\.csv, line 3: learner 'x' comes a second time"),
        ({"learners": "learner,role\nx,dev\n"}, r"learners\.csv, line 2: role 'dev' is not in table 'roles'"),
        ({"roles": ROLES + "dev,s2,0,1.5,1\n"}, r"roles\.csv, line 3: level is '1\.5', expected a level from 0 to 1"),
        ({"roles": ROLES + "dev,s2,0,.5,-1\n"}, "line 3: weight is '-1', expected a weight, 0 or more"),
        ({"roles": ROLES + "dev,s1,0,.6,1\n"}, "line 3: this role has this skill at this date already"),
        ({"roles": ROLES + "dev,s8,0,.6,1\n"}, "line 3: skill 's8' is not in table 'skills'"),
    ],
)
def test_a_bad_table_is_named(written: Written, files: dict[str, str], message: str) -> None:
    tables = {"interactions": PLAIN, "items": ITEMS, **files}
    folder = written(**{f"{name}__csv": text for name, text in tables.items()})
    with pytest.raises(DataError, match=message):
        table.read(folder)


def test_an_error_is_one_line(written: Written) -> None:
    folder = written(interactions__csv=f"{HEAD}{GOOD}x,b,two,maybe,7,-1\n", items__csv=ITEMS)
    with pytest.raises(DataError) as caught:
        table.read(folder)
    assert "\n" not in str(caught.value)


def test_rows_of_parquet_are_counted_from_1(small: Dataset, tmp_path: Path) -> None:
    import pandas as pd

    table.write(small, tmp_path)
    frame = pd.read_parquet(tmp_path / "interactions.parquet")
    frame.loc[3, "outcome"] = 5
    frame.to_parquet(tmp_path / "interactions.parquet")
    with pytest.raises(DataError, match=r"interactions\.parquet, row 4: outcome is '5', expected 1"):
        table.read(tmp_path)


def test_numbers_as_ids_in_parquet_are_text(tmp_path: Path) -> None:
    import pandas as pd

    pd.DataFrame({"learner": [7, 7], "item": [1, 2]}).to_parquet(tmp_path / "interactions.parquet")
    pd.DataFrame({"item": [1, 2]}).to_parquet(tmp_path / "items.parquet")
    logs = table.read(tmp_path).sequences
    assert logs.learners.tolist() == ["7"]
    np.testing.assert_array_equal(logs.item, [0, 1])


def test_faults_of_the_folder_are_named(written: Written, small: Dataset) -> None:
    folder = written(interactions__csv=PLAIN)
    with pytest.raises(DataError, match=r"items\.parquet: no such file, nor items\.csv; a data set needs this table"):
        table.read(folder)
    table.write(small, folder)
    (folder / "items.csv").write_text(ITEMS)
    with pytest.raises(DataError, match=r"both items\.parquet and items\.csv are here; keep one of them"):
        table.read(folder)
    (folder / "items.csv").unlink()
    (folder / "items.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match=r"items\.parquet: not a readable Parquet file"):
        table.read(folder)
