"""The standard report: what a meeting needs, in the order in which it is asked."""

from collections.abc import Mapping
from typing import Any

from lernpfad.evaluate import beside, closed_loop, tables
from lernpfad.evaluate.closed_loop import PER_HOURS
from lernpfad.evaluate.gallery import Drawn, gallery
from lernpfad.evaluate.intervals import tracing_intervals
from lernpfad.evaluate.metrics import tracing_metrics
from lernpfad.evaluate.offpolicy.standing import Standing
from lernpfad.evaluate.report import Report
from lernpfad.evaluate.results import Results, TracerScores, label
from lernpfad.evaluate.robustness import ORACLES
from lernpfad.evaluate.slices import cold_start


def standard(
    results: Results,
    *,
    title: str = "What next? Policies, tracers and recommenders compared",
    subtitle: str = "",
    drawn: Mapping[str, Drawn] | None = None,
) -> Report:
    """The whole page; sections without results are left out. drawn: `gallery(results)`, where it was made already."""
    drawn = gallery(results) if drawn is None else drawn
    report = Report(title, subtitle=subtitle)
    if results.policies:
        _closed_loop(report, results)
        _show(report, drawn, "policies", "debt", "hours", "mastery")
        _beside(report, results)
    if results.tracers:
        report.heading("What do learners know? The tracers")
        report.table(tracer_rows(results), caption=_tracer_caption(results))
        _show(report, drawn, "calibration", "learning")
        report.table(
            cold_rows(results.tracers), caption="AUC on a learner's first answers; n is the number of answers."
        )
    _show(report, drawn, "training")
    if results.recommenders:
        report.heading("What do learners take up? The recommenders")
        report.table(recommender_rows(results), caption=RANKING_CAPTION)
    if results.offpolicy is not None:
        _off_policy(report, results.offpolicy, drawn)
    if results.provenance:
        report.heading("How these figures came about").facts(results.provenance)
    return report


RANKING_CAPTION = (
    "Whole catalog ranked, what was taken before is masked, ties in the middle; means over learners with 95 % "
    "bootstrap intervals. Coverage: share of the catalog in any list. Gini: 0 all items shown alike, 1 a single one. "
    "Novelty: mean -log2 of the share of learners who took the item."
)


def _off_policy(report: Report, found: Standing, drawn: Mapping[str, Drawn]) -> None:
    report.heading("What would other policies have earned on this log?").text(
        "Estimated from logged propensities, offer by offer, in the situations that the logging policy led to. The "
        "reward is an accepted offer that was answered correctly, not learning debt. Never choose a policy by this "
        "alone."
    )
    _show(report, drawn, "offpolicy")
    report.table(found.rows(), caption=f"{found.offers:,} of {found.of:,} offers; 95 % intervals by learner.")
    for remark in found.remarks():
        report.text(remark)


def _closed_loop(report: Report, results: Results) -> None:
    best, head = results.best, results.policies[0]
    report.heading("How much learning debt does an hour of learning close?")
    if best is not None:
        report.text(verdict(results)).tiles(_tiles(results))
    names = {label(results.best.policy)} if results.best else set()
    report.table(policy_rows(results), caption=_closed_loop_caption(head), strong=sorted(names))


def _beside(report: Report, results: Results) -> None:
    if not results.beside:
        return
    report.heading("What stands beside the score?")
    report.table(beside.rows(results), caption=beside.CAPTION)
    report.table(beside.lasting_rows(results), caption=beside.LASTS_CAPTION)
    report.table(beside.fair_rows(results), caption=beside.FAIR_CAPTION)


def _closed_loop_caption(one: closed_loop.PolicyResult) -> str:
    resting = f", the last {one.rest} of them without any offer" if one.rest else ""
    return (
        f"{one.learners} simulated learners over {one.weeks} weeks{resting}, the same people with the same luck under "
        "every policy; debt is measured on their true mastery. Intervals: bootstrap over learners. Ready: debt below "
        "10 %. Waste: minutes on items without a gap or with a missing prerequisite (watched learners). Simulated, not "
        "observed."
    )


def verdict(results: Results) -> str:
    """What may be said of the best policy against the reference and the others, and no more than that."""
    best = results.best
    if best is None:
        return "No policy could be compared."
    spared = f"{tables.number(PER_HOURS * best.per_hour)} debt-weeks per {PER_HOURS} learning hours"
    sure = tables.interval(PER_HOURS * best.low, PER_HOURS * best.high)
    claim = "avoids" if best.low > 0 else "is worse: it avoids" if best.high < 0 else "is not surely better: it avoids"
    against = f"Compared with the {label(results.reference)}, {label(best.policy)}"
    text = f"{against} {claim} {spared} (95 % interval {sure})."
    aside = (results.reference, results.oracle, best.policy, *ORACLES)
    others = [p.policy for p in results.policies if p.policy not in aside]
    leads = {name: lead(results, name) for name in others}
    beaten = [label(name) for name, (low, _) in leads.items() if low > 0]
    level = [label(name) for name, (low, _) in leads.items() if not low > 0]
    if beaten:
        text += f" On the same learners it beats {_listed(beaten)} outside the 95 % interval."
    if level:
        text += f" It cannot be told apart from {_listed(level)}."
    return text


def lead(results: Results, other: str) -> tuple[float, float]:
    """95 % interval of the best policy's lead over another one, debt-weeks per hour."""
    assert results.best is not None
    found = closed_loop.difference(
        results.rollouts,
        results.best.policy,
        other,
        reference=results.reference,
        resamples=results.resamples,
        seed=results.seed,
    )
    return found.low, found.high


def _tiles(results: Results) -> list[tuple[str, str]]:
    best = results.best
    assert best is not None
    reference = next(one for one in results.policies if one.policy == results.reference)
    sure = tables.interval(PER_HOURS * best.low, PER_HOURS * best.high)
    name = label(best.policy)
    tiles = [
        (tables.number(PER_HOURS * best.per_hour), f"debt-weeks avoided per {PER_HOURS} h by {name} (95 %: {sure})"),
        (
            tables.percent(best.debt_end, 1),
            f"debt left at the end with {name}; {tables.percent(reference.debt_end, 1)} with "
            f"{label(results.reference)}, {tables.percent(best.debt_start, 1)} at the start",
        ),
    ]
    if best.normalised == best.normalised:
        tiles.append((tables.percent(best.normalised), "of what an oracle that sees the truth avoids"))
    return [*tiles, (f"{best.hours / best.learners:.1f} h", f"of learning per person in {best.weeks} weeks")]


def policy_rows(results: Results) -> list[dict[str, str]]:
    """The policies as a table for people, best first, with the best policy's lead."""
    best_first = results.policies[::-1]
    rows = closed_loop.rows(best_first)
    for row, one in zip(rows, best_first, strict=True):
        row["policy"] = label(one.policy)
        if results.best is not None:
            name, other = results.best.policy, one.policy
            low, high = lead(results, other) if other != name else (float("nan"), float("nan"))
            row[f"{label(name)} leads by"] = tables.interval(PER_HOURS * low, PER_HOURS * high)
    return rows


def tracer_rows(results: Results) -> list[dict[str, str]]:
    """The tracers as a table for people: pooled metrics, AUC and log loss with their intervals."""
    rows = []
    for name, one in results.tracers.items():
        found = tracing_metrics(one.predicted, one.outcome)
        sure = tracing_intervals(one.predicted, one.outcome, one.owner, resamples=results.resamples, seed=results.seed)
        rows.append(
            {
                "tracer": label(name),
                "AUC": tables.number(found["auc"], 4),
                "AUC, 95 %": tables.interval(*sure["auc"], digits=4),
                "log loss": tables.number(found["log_loss"], 4),
                "log loss, 95 %": tables.interval(*sure["log_loss"], digits=4),
                "accuracy": tables.number(found["accuracy"], 4),
                "Brier": tables.number(found["brier"], 4),
                "RMSE": tables.number(found["rmse"], 4),
                "ECE": tables.number(found["ece"], 4),
            }
        )
    return rows


def _tracer_caption(results: Results) -> str:
    one = next(iter(results.tracers.values()))
    return (
        f"{len(one.outcome):,} answers of {len(set(one.owner.tolist())):,} learners, each predicted once from the "
        "earlier answers of the same learner. Intervals: bootstrap over learners."
    )


def cold_rows(tracers: Mapping[str, TracerScores]) -> list[dict[str, Any]]:
    """AUC on the first answers of a learner, by tracer."""
    columns = {label(name): cold_start(one.predicted, one.outcome, one.number) for name, one in tracers.items()}
    first = next(iter(columns.values()))
    return [
        {"answers": row["answers"], "n": f"{row['n']:,}"}
        | {name: tables.number(rows[place]["auc"], 4) for name, rows in columns.items()}
        for place, row in enumerate(first)
    ]


def recommender_rows(results: Results) -> list[dict[str, str]]:
    """The recommenders as a table for people."""
    rows = []
    for name, one in results.recommenders.items():
        k = 10 if "ndcg@10" in one.metrics else int(next(iter(one.metrics)).split("@")[1])
        value, low, high = one.interval(f"ndcg@{k}", seed=results.seed)
        rows.append(
            {
                "recommender": label(name),
                "learners": f"{len(one.learners):,}",
                f"NDCG@{k}": tables.number(value, 4),
                "NDCG, 95 %": tables.interval(low, high, 4),
                f"recall@{k}": tables.number(one.metrics[f"recall@{k}"], 4),
                f"hit rate@{k}": tables.number(one.metrics[f"hr@{k}"], 4),
                f"MRR@{k}": tables.number(one.metrics[f"mrr@{k}"], 4),
                f"coverage@{k}": tables.percent(one.metrics[f"coverage@{k}"]),
                "Gini": tables.number(one.metrics[f"gini@{k}"]),
                "novelty": tables.number(one.metrics[f"miuf@{k}"], 1),
            }
        )
    return rows


def _show(report: Report, drawn: Mapping[str, Drawn], *names: str) -> None:
    for name in names:
        if name in drawn:
            report.figure(drawn[name].figure, caption=drawn[name].caption, alt=drawn[name].alt)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
