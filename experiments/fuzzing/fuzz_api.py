"""Ask the service everything that its OpenAPI document allows, and much that it forbids.

    python experiments/fuzzing/fuzz_api.py --examples 100 --out experiments/fuzzing/api.json

All operations over a small bundle and a new SQLite store, with a key for everything: examples, the systematic cases of
schemathesis, random requests, and chains along the links of the document; all of its checks. Erasure and the switch to
the fixed curriculum are among them. What counts as a failure is in `tests/fuzzing/api.py`; the test in
`tests/serve/test_fuzzed_api.py` is the same in short.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tests"))

from fuzzing.api import PHASES, fuzzed, served  # noqa: E402


def main() -> None:
    """Fuzz, and tell."""
    words = argparse.ArgumentParser()
    words.add_argument("--examples", type=int, default=100, help="random requests for each operation")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--out", type=Path, required=True)
    asked = words.parse_args()
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (app, key, _):
        found = fuzzed(app, key, examples=asked.examples, seed=asked.seed)
    said = {
        "phases": PHASES,
        "examples": asked.examples,
        "seed": asked.seed,
        "requests": found.cases,
        "answers": {str(status): found.statuses[status] for status in sorted(found.statuses)},
        "processor_seconds": round(time.process_time() - began, 1),
        "failures": dict(sorted(found.failures.items())),
    }
    asked.out.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
