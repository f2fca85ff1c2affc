"""What do tracer and recommender each add to the next-best item, on ranking and in closed loop? See README.md.

    python experiments/ablation/ablation.py                       whatever is missing, then page and figure
    python experiments/ablation/ablation.py --companies 3000      some companies
    python experiments/ablation/ablation.py --page                page and figure alone

Each company (skills, items, roles, people and luck of one seed) has a log of other people from which the models are
fitted, and people who are judged: how a way ranks for them at the cut, and how they fare with it from there on. What
is done is kept, one file a company and way, in runs/ablation; another run goes on with what is missing or was made with
other settings. Writes README.md (the end of it from notes.md), results.json and ablation.png.
"""

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from ablation_company import TRUTH, Company, Sizes, Way, told

from lernpfad.policy import AffinityOnly, DebtPerMinute, Legal, Oracle, Random, Softened, WateringCan

HERE = Path(__file__).parent
KEPT = HERE.parents[1] / "runs" / "ablation"
COMPANIES = (3000, 3001, 3002, 3003, 3004)
"""No company in which a policy or a model was tuned (1000 to 1009), nor one of experiments/policies."""

USUAL = "als"
"""The recommender of the first table, set before anything was run: that of experiments/policies."""
RECOMMENDERS = ("popularity", "als", "ease", "markov", "sasrecplus", TRUTH)
REFERENCE = "wateringcan"

WAYS: dict[str, Way] = {
    REFERENCE: Way(WateringCan()),
    "legal random": Way(Legal(Random()), traced=True),
    "affinity only": Way(AffinityOnly(), recommender=USUAL),
    "affinity only, its best": Way(Softened(AffinityOnly()), recommender=USUAL),
    "neither": Way(DebtPerMinute()),
    "affinity, no tracing": Way(DebtPerMinute(), recommender=USUAL),
    "tracing only": Way(DebtPerMinute(), traced=True),
    "both": Way(DebtPerMinute(), traced=True, recommender=USUAL),
    "both, refusals dear": Way(DebtPerMinute(declined_minutes=5.0), traced=True, recommender=USUAL),
    "oracle": Way(Oracle(), traced=True, recommender=TRUTH),
}
"""The ways of the first table. `DebtPerMinute` without a tracer takes nothing for mastered, without a recommender
everybody for equally willing."""


def with_recommender(name: str) -> tuple[str, str]:
    """The names of the two ways that are told by this recommender: alone, and beside a tracer."""
    return ("affinity only", "both") if name == USUAL else (f"affinity only: {name}", f"both: {name}")


for _name in RECOMMENDERS:
    for _usual, _way in zip(with_recommender(USUAL), with_recommender(_name), strict=True):
        WAYS.setdefault(_way, replace(WAYS[_usual], recommender=_name))
WAYS[f"both, refusals dear: {TRUTH}"] = replace(WAYS["both, refusals dear"], recommender=TRUTH)


def key(way: Way, sizes: Sizes) -> str:
    """What a result depends on besides the company, as JSON."""
    asked = {"policy": repr(way.policy), "traced": way.traced, "recommender": told(way.recommender)}
    return json.dumps(asked | vars(sizes), sort_keys=True)


def place(company: int, name: str) -> Path:
    return KEPT / str(company) / f"{name.replace(': ', '-').replace(', ', '-').replace(' ', '_')}.npz"


def kept(company: int, name: str, sizes: Sizes) -> dict[str, Any] | None:
    """What is there of a way in a company, None if it has yet to be run."""
    path = place(company, name)
    if not path.is_file():
        return None
    with np.load(path) as arrays:
        found = dict(arrays)
    return found if str(found.pop("key")) == key(WAYS[name], sizes) else None


def run(company: int, sizes: Sizes) -> None:
    """Whatever is missing of one company."""
    missing = [name for name in WAYS if kept(company, name, sizes) is None]
    here = Company(company, sizes)
    for name in missing:
        began, way = perf_counter(), WAYS[name]
        found = here.ranked(way) | here.lived(way)
        path = place(company, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = path.with_suffix(".part.npz")
        np.savez_compressed(whole, key=key(way, sizes), **found)
        whole.replace(path)
        print(f"{company} {name}: {np.nanmean(found['debt'][-1]):.4f}, {perf_counter() - began:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--companies", type=int, nargs="+", default=list(COMPANIES), help="their seeds")
    parser.add_argument("--workers", type=int, default=2, help="companies at a time")
    parser.add_argument("--page", action="store_true", help="page and figure from what is there")
    for name, usual in vars(Sizes()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=usual, help="see Sizes")
    asked = vars(parser.parse_args())
    sizes = Sizes(**{name: asked[name] for name in vars(Sizes())})
    if not asked["page"]:
        with ProcessPoolExecutor(asked["workers"], mp_context=get_context("spawn")) as pool:
            for _ in pool.map(run, asked["companies"], [sizes] * len(asked["companies"])):
                pass
    from ablation_page import write

    write(asked["companies"], sizes)


if __name__ == "__main__":
    main()
