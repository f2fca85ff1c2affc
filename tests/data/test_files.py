import gzip
import hashlib
from pathlib import Path

import pytest

from lernpfad.core import DataError
from lernpfad.data.files import load

CONTENT = b"learner,item\nada,a\n"
SUM = hashlib.sha256(CONTENT).hexdigest()


def test_plain_and_gzipped_files_have_one_content_and_one_checksum(tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_bytes(CONTENT)
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(CONTENT))
    for name in ("plain.csv", "packed.csv"):
        assert load(tmp_path, name, sha256={name: SUM}).content == CONTENT


def test_another_checksum_is_refused_with_both(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CONTENT)
    with pytest.raises(DataError, match=rf"a\.csv: sha256 of the unpacked content is {SUM}, expected 00ff; get"):
        load(tmp_path, "a.csv", sha256={"a.csv": "00ff"})
    assert load(tmp_path, "a.csv", sha256=None).content == CONTENT
    assert load(tmp_path, "a.csv", sha256={"b.csv": "00ff"}).content == CONTENT


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere: no such folder; set data.root or LERNPFAD_DATA"):
        load(tmp_path / "nowhere", "a.csv")
    with pytest.raises(DataError, match=r"a\.csv: no such file, nor a\.csv\.gz beside it; data/README\.md says"):
        load(tmp_path, "a.csv")


def test_a_damaged_gzip_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(CONTENT * 100)[:-9])
    with pytest.raises(DataError, match=r"cut\.csv\.gz: not a whole gzip file"):
        load(tmp_path, "cut.csv")
    (tmp_path / "no.csv.gz").write_bytes(CONTENT)
    with pytest.raises(DataError, match=r"no\.csv\.gz: not a whole gzip file"):
        load(tmp_path, "no.csv")
