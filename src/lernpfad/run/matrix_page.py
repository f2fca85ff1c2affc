"""What a robustness matrix leaves: README.md, matrix.csv, how it was measured, the figure; the same in MLflow."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import Any, Final

from lernpfad.evaluate import closed_loop, robustness_beside, robustness_rows, tables
from lernpfad.evaluate.lived import Lived
from lernpfad.evaluate.results import label
from lernpfad.evaluate.robustness import Cells, Robustness, robustness
from lernpfad.run import conditions, provenance
from lernpfad.run.record import Record

README, CSV, NOTES, FIGURE = "README.md", "matrix.csv", "notes.md", "matrix.png"

Found = Mapping[str, Mapping[str, tuple[dict[str, Any], Lived]]]

Facts = Mapping[tuple[str, str], Mapping[str, Any]]

_WIDTH: Final = 120


def write(config: Any, found: Found, record: Record) -> None:
    """Judge, write tables and figure, and print what it comes down to."""
    results = Path(config.results)
    results.mkdir(parents=True, exist_ok=True)
    lived = {world: {name: kept for name, (_, kept) in of.items()} for world, of in found.items()}
    judged = robustness(lived, reference=config.reference, resamples=config.resamples, seed=config.seed)
    facts = {(world, name): one for world, of in found.items() for name, (one, _) in of.items()}
    robustness_rows.heat(judged).savefig(results / FIGURE, dpi=150)
    (results / README).write_text(_page(config, judged, lived, facts, results), encoding="utf-8")
    (results / CSV).write_text(tables.to_csv(robustness_rows.flat(judged, facts)), encoding="utf-8")
    how = conditions.of_matrix(config, _fingerprints(judged, facts), oracles=judged.oracles)
    kept = conditions.keep_matrix(results / CSV, how)
    for name in (README, CSV, FIGURE, kept.name):
        record.file(results / name)
    record.metrics(_metrics(judged))
    print(tables.text(robustness_rows.score_rows(judged)))
    print("\n" + fill(robustness_rows.verdict(judged), _WIDTH))


def _page(config: Any, judged: Robustness, lived: Cells, facts: Facts, results: Path) -> str:
    notes = results / NOTES
    told = [
        "# Robustness matrix\n",
        f"    {provenance.command_line()}\n",
        fill(_HOW.format(people=config.learners * config.repeats, **_sizes(config)), _WIDTH) + "\n",
        fill(robustness_rows.verdict(judged), _WIDTH) + "\n",
        f"![Normalised scores of policies by worlds]({FIGURE})\n",
        fill(_SCORE.format(reference=label(config.reference)), _WIDTH) + "\n",
        tables.markdown(robustness_rows.score_rows(judged)) + "\n",
        f"## Debt-weeks avoided per {closed_loop.PER_HOURS} learning hours\n",
        tables.markdown(robustness_rows.per_hour_rows(judged)) + "\n",
        f"## Is {label(judged.recommended)} ahead everywhere?\n",
        fill(_LEADS, _WIDTH) + "\n",
        tables.markdown(robustness_rows.lead_rows(judged, judged.recommended)) + "\n",
        *_at_home(config, judged, facts),
        *_beside(config, judged, lived, facts),
        "## Worlds\n",
        tables.markdown(_worlds(judged, facts)) + "\n",
        notes.read_text(encoding="utf-8") if notes.is_file() else "",
    ]
    return "\n".join(part for part in told if part).rstrip() + "\n"


def _at_home(config: Any, judged: Robustness, facts: Facts) -> list[str]:
    """The table of the world that everything was fitted in."""
    if config.fitted_in not in judged.worlds:
        return []
    rows = closed_loop.rows([judged.results[config.fitted_in][one] for one in judged.policies])
    named = [
        {"policy": label(name)} | _told(facts[config.fitted_in, name]) | row | {"policy": label(name)}
        for name, row in zip(judged.policies, rows, strict=True)
    ]
    return [f"## In the world that everything was fitted in: {config.fitted_in}\n", tables.markdown(named) + "\n"]


def _beside(config: Any, judged: Robustness, lived: Cells, facts: Facts) -> list[str]:
    """What stands beside the scores of that world."""
    if config.fitted_in not in judged.worlds:
        return []
    of = {name: lived[config.fitted_in][name] for name in judged.policies}
    known = {name: facts[config.fitted_in, name] for name in of}
    sure = {"resamples": config.resamples, "seed": config.seed}
    return [
        "## Beside the score\n",
        fill(robustness_beside.CAPTION, _WIDTH) + "\n",
        tables.markdown(robustness_beside.rows(of, known, **sure)) + "\n",
        fill(robustness_beside.FAIR_CAPTION.format(reference=label(config.reference)), _WIDTH) + "\n",
        tables.markdown(robustness_beside.fair_rows(of, reference=config.reference)) + "\n",
    ]


def _told(facts: Mapping[str, Any]) -> dict[str, str]:
    """Through which tracer the policy knows people, and how well that one foresees their answers."""
    name, auc = facts["tracer"], facts["auc"]
    return {
        "tracer": tables.UNDEFINED if name is None else label(name),
        "AUC": tables.UNDEFINED if auc is None else tables.number(auc, 3),
    }


def _sizes(config: Any) -> dict[str, Any]:
    names = ("fitted_in", "repeats", "learners", "first_seed", "past_weeks", "weeks", "rest")
    return {name: config[name] for name in names} | {
        "last_seed": config.first_seed + config.repeats - 1,
        "logged": config.log.learners,
        "logged_weeks": config.log.weeks,
        "tracer": label(config.uses.tracer or "none"),
        "recommender": label(config.uses.recommender or "none"),
    }


def _worlds(judged: Robustness, facts: Facts) -> list[dict[str, str]]:
    rows, prints = [], _fingerprints(judged, facts)
    for world in judged.worlds:
        mine = [one for (of, _), one in facts.items() if of == world]
        rows.append(
            {
                "world": world,
                "fingerprint": prints[world],
                "top": label(judged.tops[world]),
                "offers": f"{sum(one['offers'] for one in mine):,}",
                "processor s": f"{sum(one['processor_s'] for one in mine):,.0f}",
                "commit": " ".join(sorted({str(one["commit"])[:8] for one in mine})),
            }
        )
    return rows


def _fingerprints(judged: Robustness, facts: Facts) -> dict[str, str]:
    """Which world it was, by its name."""
    every = {world: {one["fingerprint"] for (of, _), one in facts.items() if of == world} for world in judged.worlds}
    return {world: " ".join(sorted(found)) for world, found in every.items()}


def _metrics(judged: Robustness) -> dict[str, float]:
    every = {
        f"score/{world}/{policy}": value
        for policy in judged.policies
        for world, value in zip(judged.worlds, judged.score(policy), strict=True)
    }
    return {name: value for name, value in every.items() if value == value}


_HOW = """Tracer ({tracer}), recommender ({recommender}) and whatever a policy learns were fitted once, on the log of
{logged:,} people over {logged_weeks} weeks in the world {fitted_in}, and run in every world. In each world {people}
people ({repeats} seeds, {first_seed} to {last_seed}, of {learners} each) spend {past_weeks} weeks under the logging
policy; from there every policy has the same people with the same luck for {weeks} weeks, and {rest} more in which
nobody is trained. True debt; 95 % intervals are bootstraps over learners within their seed. Simulated, not observed."""

_SCORE = """Normalised score: debt-weeks avoided, 0 as {reference}, 1 as the better policy of those that see the truth
in that world; a dash where they are not surely better. Regret: debt-weeks per 100 hours below that one, mean over
worlds."""

_LEADS = """Debt-weeks avoided per 100 hours more than the baseline, on the same people. p is adjusted by Holm for all
policies that were compared with the baseline in that world."""
