"""Two tiny releases in the layout of O*NET, written by hand."""

import gzip
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

ELEMENTS = {"2.A.1.a": "Reading", "2.A.1.b": "Writing", "2.B.3.a": "Repairing"}
RATINGS = {  # (IM, LV) of the elements above
    "11-1011.00": ((5.0, 7.0), (3.0, 3.5), (1.0, 0.0)),
    "11-1021.00": ((4.0, 4.9), (2.0, 1.4), (1.8, 2.1)),
    "17-2051.00": ((3.0, 3.5), (3.0, 3.5), (5.0, 6.3)),
}
TITLES = {"11-1011.00": "Chief Executives", "11-1021.00": "Managers", "17-2051.00": "Engineers", "99-9999.00": "Others"}
RELATED = (("11-1011.00", "11-1021.00", 1), ("11-1021.00", "11-1011.00", 2), ("11-1021.00", "17-2051.00", 4))
OLDER = {
    "11-1011.00": ("Adobe Systems Adobe Acrobat", "Lotus Notes"),
    "11-1021.00": ("Microsoft Excel",),
    "17-2051.00": ("AutoCAD software", "Fortran"),
}
NEWER = {
    "11-1011.00": ("Adobe Acrobat", "Microsoft Excel"),
    "11-1021.00": ("Microsoft Excel", "Microsoft Teams"),
    "17-2051.00": ("Autodesk AutoCAD", "Python", "Microsoft Excel"),
}


def table(columns: str, rows: list[tuple[object, ...]]) -> str:
    """Tab-separated text; `columns` are joined by a bar."""
    return "\n".join(["\t".join(columns.split("|")), *("\t".join(map(str, row)) for row in rows), ""])


def tools(of: dict[str, tuple[str, ...]]) -> str:
    rows = [(code, name, "43232202", "Any software", "N") for code, names in of.items() for name in names]
    return table("O*NET-SOC Code|Example|Commodity Code|Commodity Title|Hot Technology", rows)


def skills() -> str:
    rows = [
        (code, element, name, scale, value, 8, "N", "N", "08/2023", "Analyst")
        for code, ratings in RATINGS.items()
        for (element, name), rating in zip(ELEMENTS.items(), ratings, strict=True)
        for scale, value in zip(("IM", "LV"), rating, strict=True)
    ]
    columns = "O*NET-SOC Code|Element ID|Element Name|Scale ID|Data Value|N|Recommend Suppress|Not Relevant|Date"
    return table(f"{columns}|Domain Source", rows)


def write(home: Path) -> tuple[str, str]:
    """Both releases below `home`; the folders of the newer and of the older one."""
    newer, older = home / "newer", home / "older"
    files = {
        newer / "Skills.tsv.gz": skills(),
        newer / "Technology Skills.txt.gz": tools(NEWER),
        newer / "Occupation Data.txt": table(
            "O*NET-SOC Code|Title|Description", [(code, title, 'Say "so".') for code, title in TITLES.items()]
        ),
        newer / "Related Occupations.txt.gz": table(
            "O*NET-SOC Code|Related O*NET-SOC Code|Relatedness Tier|Index",
            [(a, b, "Primary", n) for a, b, n in RELATED],
        ),
        older / "Technology Skills.tsv.gz": tools(OLDER),
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return str(newer), str(older)


@cache
def releases() -> tuple[str, str]:
    """`write` into a folder that all tests share."""
    return write(Path(mkdtemp(prefix="onet-")))
