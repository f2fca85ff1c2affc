"""README.md, results.json and ablation.png from what is kept of the runs; called by ablation.py."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from ablation import HERE, RECOMMENDERS, REFERENCE, USUAL, WAYS, kept, with_recommender
from ablation_company import TRUTH, Sizes
from ablation_figure import draw

from lernpfad.core import FloatArray, IntArray
from lernpfad.evaluate import tables
from lernpfad.evaluate.intervals import Estimate, holm, p_value, percentiles, ratio, ratios, resampled_sums

RESAMPLES = 2000
SURE = 0.05
"""Adjusted p value below which a lead is marked."""

T_975 = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365}
"""Student's t at 97.5 %, by the number of companies."""

MAIN = (
    "legal random",
    "affinity only",
    "affinity only, its best",
    "neither",
    "affinity, no tracing",
    "tracing only",
    "both",
    "both, refusals dear",
    "oracle",
)
LEADS = (
    ("both", "affinity only"),
    ("both", "tracing only"),
    ("both", "affinity, no tracing"),
    ("tracing only", "neither"),
    ("affinity, no tracing", "neither"),
    ("affinity only", "legal random"),
)
"""The questions that are asked, set before anything was run; p is adjusted for their number in each column."""


@dataclass(frozen=True)
class Shares:
    """A figure of each way as a ratio of sums over the judged: above and below, way to `[L]`; company: `[L]`."""

    above: dict[str, FloatArray]
    below: dict[str, FloatArray]
    company: IntArray
    factor: float = 1.0

    @cached_property
    def drawn(self) -> dict[str, FloatArray]:
        """The figure on resamples of the judged within their company, all ways alike, `[resamples]`."""
        names = list(self.above)
        both = np.stack([side[name] for name in names for side in (self.above, self.below)], axis=1)
        sums = resampled_sums(both, resamples=RESAMPLES, strata=self.company)
        return {name: self.factor * ratios(sums[:, 2 * n], sums[:, 2 * n + 1]) for n, name in enumerate(names)}

    def value(self, name: str, company: int | None = None) -> float:
        mine = self.company == (self.company if company is None else company)
        return self.factor * ratio(float(self.above[name][mine].sum()), float(self.below[name][mine].sum()))

    def estimate(self, name: str) -> Estimate:
        return Estimate(self.value(name), *percentiles(self.drawn[name]))

    def lead(self, one: str, other: str, company: int | None = None) -> Estimate:
        apart = self.drawn[one] - self.drawn[other]
        return Estimate(self.value(one, company) - self.value(other, company), *percentiles(apart))

    def leads(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[Estimate, float]]:
        """Paired leads with p adjusted for all of them."""
        p = holm(np.array([p_value(self.drawn[one] - self.drawn[other]) for one, other in pairs]))
        return [(self.lead(*pair), float(adjusted)) for pair, adjusted in zip(pairs, p, strict=True)]


@dataclass(frozen=True)
class Found:
    """ndcg: NDCG@10. worth: points of debt an hour of the first item. loop: debt-weeks avoided per 100 hours.
    willing, accepted: P(accept) of the first item, and the share of all offers in the loop."""

    companies: list[int]
    learners: int
    asked: int
    ndcg: Shares
    worth: Shares
    willing: Shares
    loop: Shares
    accepted: Shares
    debt: dict[str, float]


def found(companies: Sequence[int], sizes: Sizes) -> Found:
    whole = {one: {name: told for name in WAYS if (told := kept(one, name, sizes)) is not None} for one in companies}
    done = [one for one in companies if len(whole[one]) == len(WAYS)]
    if not done:
        raise SystemExit(f"no company is complete; run python {HERE.name}/ablation.py without --page")

    def column(name: str, key: str) -> FloatArray:
        return np.concatenate([whole[one][name][key] for one in done], axis=-1)

    company = np.repeat(done, [whole[one][REFERENCE]["hours"].size for one in done])
    spared = {name: np.nan_to_num((column(REFERENCE, "debt") - column(name, "debt")).sum(axis=0)) for name in WAYS}

    def mean_of(key: str) -> Shares:
        values = {name: column(name, key) for name in WAYS}
        there = {name: (~np.isnan(one)).astype(float) for name, one in values.items()}
        return Shares({name: np.nan_to_num(one) for name, one in values.items()}, there, company)

    ndcg = mean_of("ndcg")
    return Found(
        companies=done,
        learners=len(company),
        asked=int(ndcg.below[REFERENCE].sum()),
        ndcg=ndcg,
        worth=mean_of("worth"),
        willing=mean_of("willing"),
        loop=Shares(spared, {name: column(name, "hours") for name in WAYS}, company, factor=100.0),
        accepted=Shares(*({name: column(name, key) for name in WAYS} for key in ("accepted", "offers")), company),
        debt={name: float(np.nanmean(column(name, "debt")[-1])) for name in WAYS},
    )


def main_rows(all_: Found) -> list[dict[str, str]]:
    best = all_.loop.value("oracle")
    return [
        {
            "what is told": f"**{name}**" if name == "both" else name,
            "NDCG@10": _with(all_.ndcg.estimate(name), 3),
            "debt points an hour, first item": _with(all_.worth.estimate(name), 1),
            "P(accept), first item": tables.percent(all_.willing.value(name)),
            "debt-weeks avoided per 100 h": _with(all_.loop.estimate(name), 2),
            "of oracle": tables.percent(all_.loop.value(name) / best),
            "accepted": tables.percent(all_.accepted.value(name), 1),
            "debt at end": tables.percent(all_.debt[name], 1),
        }
        for name in MAIN
    ]


def lead_rows(all_: Found) -> list[dict[str, str]]:
    columns = {
        "NDCG@10": (all_.ndcg, 3),
        "debt points an hour, first item": (all_.worth, 1),
        "debt-weeks avoided per 100 h": (all_.loop, 2),
        "accepted": (all_.accepted, 3),
    }
    told = {
        head: [_marked(lead, p, digits) for lead, p in shares.leads(LEADS)]
        for head, (shares, digits) in columns.items()
    }
    return [
        {"lead of ... over ...": f"{one} over {other}"} | {head: cells[n] for head, cells in told.items()}
        for n, (one, other) in enumerate(LEADS)
    ]


def company_rows(all_: Found) -> list[dict[str, str]]:
    rows = []
    for one, other in LEADS:
        by = np.array([all_.loop.lead(one, other, company).value for company in all_.companies])
        row = {"lead of ... over ...": f"{one} over {other}"}
        row |= {str(company): f"{value:+.2f}" for company, value in zip(all_.companies, by, strict=True)}
        if len(by) in T_975:
            half = T_975[len(by)] * by.std(ddof=1) / np.sqrt(len(by))
            row["mean over companies, 95 % (t)"] = (
                f"{by.mean():+.2f} [{by.mean() - half:+.2f}, {by.mean() + half:+.2f}]"
            )
        rows.append(row)
    return rows


def recommender_rows(all_: Found) -> list[dict[str, str]]:
    pairs = [(with_recommender(name)[1], "tracing only") for name in RECOMMENDERS]
    leads = all_.loop.leads(pairs)
    rows = []
    for name, (lead, p) in zip(RECOMMENDERS, leads, strict=True):
        alone, both = with_recommender(name)
        rows.append(
            {
                "recommender": "taste, the truth" if name == TRUTH else name,
                "NDCG@10": _with(all_.ndcg.estimate(alone), 3),
                "alone: debt-weeks per 100 h": _with(all_.loop.estimate(alone), 2),
                "alone: accepted": tables.percent(all_.accepted.value(alone), 1),
                "with tracing: debt-weeks per 100 h": _with(all_.loop.estimate(both), 2),
                "with tracing: accepted": tables.percent(all_.accepted.value(both), 1),
                "lead over tracing only": _marked(lead, p, 2),
            }
        )
    return rows


def agreement(all_: Found) -> dict[str, float]:
    """Mean over companies of the rank correlation between NDCG@10 of the learned recommenders and what they are worth
    in the loop, alone and beside a tracer."""
    names = [with_recommender(name) for name in RECOMMENDERS if name != TRUTH]
    ways: dict[str, list[float]] = {"alone": [], "with tracing": []}
    for company in all_.companies:
        said = [all_.ndcg.value(alone, company) for alone, _ in names]
        for place, told in enumerate(ways.values()):
            told.append(_spearman(said, [all_.loop.value(pair[place], company) for pair in names]))
    return {name: float(np.mean(told)) for name, told in ways.items()}


def _spearman(one: Sequence[float], other: Sequence[float]) -> float:
    ranks = [np.argsort(np.argsort(values)) for values in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


def _with(one: Estimate, digits: int) -> str:
    return f"{one.value:.{digits}f} [{one.low:.{digits}f}, {one.high:.{digits}f}]"


def _marked(lead: Estimate, p: float, digits: int) -> str:
    value, low, high = lead
    return f"{value:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]{' *' if p < SURE else ''}"


def write(companies: Sequence[int], sizes: Sizes) -> None:
    """The page, its figure and the numbers behind both, from the companies that are complete."""
    all_ = found(companies, sizes)
    together = agreement(all_)
    words: dict[str, Any] = {
        "companies": len(all_.companies),
        "seeds": ", ".join(map(str, all_.companies)),
        "learners": sizes.learners,
        "judged": f"{all_.learners:,}",
        "asked": f"{all_.asked:,}",
        "logged": f"{sizes.logged:,}",
        "usual": USUAL.upper(),
        **{name: getattr(sizes, name) for name in ("logged_weeks", "past", "weeks", "later")},
        "main": tables.markdown(main_rows(all_)),
        "leads": tables.markdown(lead_rows(all_)),
        "by_company": tables.markdown(company_rows(all_)),
        "recommenders": tables.markdown(recommender_rows(all_)),
        "alone": f"{together['alone']:+.2f}",
        "beside": f"{together['with tracing']:+.2f}",
    }
    page = (HERE / "page.md").read_text().format(**words)
    (HERE / "README.md").write_text(page + "\n" + (HERE / "notes.md").read_text())
    (HERE / "results.json").write_text(json.dumps(_numbers(all_), indent=1) + "\n")
    draw(all_, HERE / "ablation.png")


def _numbers(all_: Found) -> dict[str, Any]:
    shares = {"ndcg@10": all_.ndcg, "worth": all_.worth, "willing": all_.willing, "loop": all_.loop}
    shares["accepted"] = all_.accepted
    ways = {
        name: {metric: [round(float(part), 5) for part in one.estimate(name)] for metric, one in shares.items()}
        for name in WAYS
        if name != REFERENCE
    }
    return {"companies": all_.companies, "learners": all_.learners, "asked": all_.asked, "ways": ways}
