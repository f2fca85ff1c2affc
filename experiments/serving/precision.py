"""What fewer bits cost and gain on a real log: fitted neural tracers, exported as int8 and float16 beside float32.

    python experiments/serving/precision.py runs/dkt09 runs/akt09 --out experiments/serving/precision.json

Each argument is a folder of `lernpfad train`, whose data must be where they were. For each, `lernpfad export` writes a
bundle in either precision, whatever it loses, and its manifest is read: both sides of a figure are of one run.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from lernpfad.run.cli import main as lernpfad
from lernpfad.serve.manifest import read_manifest

PRECISIONS: Final = ("int8", "float16")
ANY: Final = 1.0
"""Loss of AUC that is allowed: all of it, since it is what is measured."""


def measured(run: Path, precision: str, folder: Path) -> dict[str, Any]:
    """What the manifest of the bundle says of its precision, and ratios of it."""
    words = ("export", f"models.tracer={run}", "policy=random", f"precision={precision}", f"folder={folder}")
    code = lernpfad([*words, f"precision_may_lose={ANY}", "tracking=none", f"hydra.run.dir={folder}-run"])
    if code:
        sys.exit(code)
    manifest = read_manifest(folder)
    told: dict[str, Any] = dict(manifest.models["tracer"]["precision"])
    spent = told["milliseconds"]
    return told | {
        "network": manifest.models["tracer"]["settings"]["network"],
        "data": manifest.provenance["data"],
        "bytes_ratio": told["bytes"]["here"] / told["bytes"]["float32"],
        "time_ratio": {what: spent["here"][what] / spent["float32"][what] for what in spent["here"]},
    }


def main() -> None:
    """Measure every run in every precision; write after each, so that nothing is lost."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("runs", nargs="+", type=Path)
    given.add_argument("--out", type=Path, required=True)
    given.add_argument("--trained", default="", help="how, in words, for the file")
    asked = given.parse_args()
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for run in asked.runs:
            for precision in PRECISIONS:
                folder = Path(scratch) / f"{run.name}-{precision}"
                found.append({"run": run.name, **measured(run.resolve(), precision, folder)})
                content = {"trained": asked.trained, "machine": "two cores, x86_64", "found": found}
                asked.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
                print(json.dumps(found[-1], indent=1), flush=True)


if __name__ == "__main__":
    main()
