"""O*NET files as they are published: what occupations ask for, which are related, and which tools came and went.

A folder of one release holds tab-separated files, plain or gzipped, as `.txt` or `.tsv`: `Skills` (O*NET-SOC Code,
Element ID, Element Name, Scale ID, Data Value), `Technology Skills` (O*NET-SOC Code, Example, Commodity Code), and of
the newer release `Occupation Data` (O*NET-SOC Code, Title) and `Related Occupations` (O*NET-SOC Code, Related O*NET-SOC
Code, Index). They are not shipped with lernpfad; onetcenter.org offers them under CC BY 4.0, which asks for `CREDIT`.
"""

import csv
import gzip
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from lernpfad.core import DataError, FloatArray, IntArray, StrArray

CREDIT: Final = (
    "This includes information from the O*NET 29.0 Database by the U.S. Department of Labor, Employment and Training "
    "Administration (USDOL/ETA). Used under the CC BY 4.0 license. O*NET is a trademark of USDOL/ETA. "
    "The information has been modified."
)

APART: Final = 6.0
"""Years between the two releases: ratings up to August 2018, and August 2024."""

_CODE: Final = "O*NET-SOC Code"
_SUFFIXES: Final = (".tsv", ".txt", ".tsv.gz", ".txt.gz")
_VENDORS: Final = frozenset(
    (
        *("adobe", "apple", "autodesk", "corel", "esri", "google", "hp", "ibm", "intuit", "mathworks", "microsoft"),
        *("oracle", "sap"),
    )
)
_FILLERS: Final = frozenset(("software", "systems", "the"))


@dataclass(frozen=True, eq=False)
class Occupations:
    """Occupations of the newer release that have ratings there and tools in both releases.

    codes, titles: `[O]`. skills: names of the generic skills, `[G]`; group: the O*NET element group of each.
    level (LV / 7), weight ((IM - 1) / 4): `[O, G]`. related: rank of the related occupation (1 closest), 0 if it is
    none, `[O, O]`. before, now: tools of each occupation in the older and in the newer release, by normalised name.
    tools: for each of these names, the name that is printed most and the commodity class.
    """

    codes: StrArray
    titles: StrArray
    skills: StrArray
    group: StrArray
    level: FloatArray
    weight: FloatArray
    related: IntArray
    before: tuple[frozenset[str], ...]
    now: tuple[frozenset[str], ...]
    tools: Mapping[str, tuple[str, str]]

    def drift(self) -> tuple[float, float]:
        """Share of the newer tools that are new, and share of the older ones that are gone, over all occupations."""
        pairs = list(zip(self.before, self.now, strict=True))
        new, gone = sum(len(b - a) for a, b in pairs), sum(len(a - b) for a, b in pairs)
        return new / sum(map(len, self.now)), gone / sum(map(len, self.before))


def read(newer: str | Path, older: str | Path) -> Occupations:
    """The occupations of two releases, each a folder. DataError, in one line, for a file that is absent or another."""
    ratings, names = _ratings(Path(newer))
    before, told_before = _tools(Path(older))
    now, told_now = _tools(Path(newer))
    told = told_before | told_now
    titles = {row[_CODE]: row["Title"] for row in _rows(Path(newer), "Occupation Data", (_CODE, "Title"))}
    codes = sorted(ratings.keys() & before.keys() & now.keys() & titles.keys())
    if not codes:
        raise DataError(
            f"{newer}, {older}: no occupation has ratings, a title and tools in both; use two O*NET releases"
        )
    elements = sorted(names)
    value = np.array([[ratings[code][element] for element in elements] for code in codes])
    return Occupations(
        codes=np.asarray(codes),
        titles=np.asarray([titles[code] for code in codes]),
        skills=np.asarray([names[element] for element in elements]),
        group=np.asarray([element.rsplit(".", 1)[0] for element in elements]),
        level=np.clip(value[..., 1] / 7.0, 0.0, 1.0),
        weight=np.clip((value[..., 0] - 1.0) / 4.0, 0.0, 1.0),
        related=_related(Path(newer), codes),
        before=tuple(frozenset(before[code]) for code in codes),
        now=tuple(frozenset(now[code]) for code in codes),
        tools={name: (_most_common(printed), _most_common(classes)) for name, (printed, classes) in told.items()},
    )


def normalised(product: str) -> str:
    """The name of a tool without vendor, filler and order of words, so that a rename is no new tool.

    "Adobe Systems Adobe Acrobat", "Adobe Acrobat" and "Acrobat software" are one; a vendor alone keeps its name.
    """
    words = set(re.findall(r"[a-z0-9+#.]+", product.lower())) - _FILLERS
    return " ".join(sorted(words - _VENDORS or words)) or product.lower()


def _ratings(folder: Path) -> tuple[dict[str, dict[str, tuple[float, float]]], dict[str, str]]:
    """(importance, level) of each element of each occupation that has all, and the names of the elements."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    names: dict[str, str] = {}
    for row in _rows(folder, "Skills", (_CODE, "Element ID", "Element Name", "Scale ID", "Data Value")):
        element = row["Element ID"]
        names[element] = row["Element Name"]
        found.setdefault(row[_CODE], {}).setdefault(element, {})[row["Scale ID"]] = float(row["Data Value"])
    whole = {
        code: {element: (scales["IM"], scales["LV"]) for element, scales in elements.items() if len(scales) == 2}
        for code, elements in found.items()
    }
    return {code: elements for code, elements in whole.items() if elements.keys() == names.keys()}, names


def _tools(folder: Path) -> tuple[dict[str, set[str]], dict[str, tuple[Counter[str], Counter[str]]]]:
    """Tools of each occupation by normalised name; and how often each is printed how, and in which class."""
    of: dict[str, set[str]] = {}
    told: dict[str, tuple[Counter[str], Counter[str]]] = {}
    for row in _rows(folder, "Technology Skills", (_CODE, "Example", "Commodity Code")):
        name = normalised(row["Example"])
        of.setdefault(row[_CODE], set()).add(name)
        printed, classes = told.setdefault(name, (Counter(), Counter()))
        printed[row["Example"]] += 1
        classes[row["Commodity Code"][:6]] += 1
    return of, told


def _related(folder: Path, codes: list[str]) -> IntArray:
    index = {code: place for place, code in enumerate(codes)}
    rank = np.zeros((len(codes), len(codes)), dtype=np.int64)
    other = f"Related {_CODE}"
    for row in _rows(folder, "Related Occupations", (_CODE, other, "Index")):
        if row[_CODE] in index and row[other] in index:
            rank[index[row[_CODE]], index[row[other]]] = int(row["Index"])
    return rank


def _rows(folder: Path, name: str, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """The rows of one file by column name."""
    path = next((folder / f"{name}{end}" for end in _SUFFIXES if (folder / f"{name}{end}").is_file()), None)
    if path is None:
        raise DataError(
            f"{folder / name}.txt: no such file; get the O*NET release at onetcenter.org, or set its folder"
        )
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        table = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        lacking = [column for column in columns if column not in (table.fieldnames or ())]
        if lacking:
            raise DataError(f"{path}: no column '{lacking[0]}'; this is no file '{name}' of O*NET")
        yield from table


def _most_common(told: Counter[str]) -> str:
    """The most frequent one, the first in the alphabet of equals."""
    return min(told, key=lambda one: (-told[one], one))
