"""`lernpfad report`: the return on learning, of a policy in a world or of a real log as a tracer believes it."""

import copy
import logging
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf, open_dict

from lernpfad.core import Array, ConfigError, Roles, Rollout, World, unknown_name
from lernpfad.evaluate import return_report
from lernpfad.evaluate.believed import believed_books, calendar, hours_by_week
from lernpfad.evaluate.books import Bookkeeper
from lernpfad.evaluate.money import Terms
from lernpfad.evaluate.return_report import TEXT_FILE
from lernpfad.evaluate.returns import Account, Return, by_group
from lernpfad.evaluate.units import units_of_roles
from lernpfad.run import parts, provenance, stack
from lernpfad.run.record import Record, Start
from lernpfad.run.seeds import child

log = logging.getLogger(__name__)


def run(config: Any) -> None:
    """Write the page and its tables into the run folder, and print the tables."""
    in_world, on_data = parts.chosen(config, "simulator"), parts.chosen(config, "data")
    if not in_world and not on_data:
        raise ConfigError("nothing to report on: choose simulator=..., data=... or both")
    _checked(config, in_world=in_world)
    models, folder = stack.models(config.models), parts.folder()
    start = Start(f"report {models.tracer.name}", folder, parts.resolved(config))
    with parts.build(config, "tracking").start(start) as record:
        if in_world:
            _written(_simulated(config, models, record), folder, record, title="Return on learning, simulated")
        if on_data:
            found = _believed(config, models, record)
            place = folder / "data" if in_world else folder
            _written(found, place, record, title=f"Return on learning, as believed: {config.data.name}")
        log.info("run folder: %s", folder)


def _simulated(config: Any, models: stack.Models, record: Record) -> Return:
    """The policy and the reference in one world, on the same people, and in the worlds that are set otherwise."""
    world = parts.build(config, "simulator")
    stack.for_items(models, world.believed, where="this world")
    account, reference, role = _both(config, world, models)
    labels = _groups(world.roles, role, None, account, config.units)
    return _return(config, record, account=account, reference=reference, groups=labels, worlds=_worlds(config, models))


def _worlds(config: Any, models: stack.Models) -> dict[str, Any]:
    """Account and reference at both other values of each setting of the world."""
    found = {}
    for name, values in _pairs(config, "worlds").items():
        both = []
        for value in values:
            other = copy.deepcopy(config)
            with open_dict(other):
                other.simulator[name] = value
            both.append(_both(other, parts.build(other, "simulator"), models)[:2])
        found[f"{name} {values[0]:g} to {values[1]:g}"] = tuple(both)
    return found


def _pairs(config: Any, key: str) -> dict[str, tuple[float, float]]:
    """The two values of each assumption in `ends` or `worlds`; ConfigError unless there are two."""
    for name, values in config[key].items():
        if len(values) != 2:
            raise ConfigError(f"{key}.{name} is {list(values)}, expected two values: {key}.{name}=[1.0,2.0]")
    return {str(name): (float(values[0]), float(values[1])) for name, values in config[key].items()}


def _checked(config: Any, *, in_world: bool) -> None:
    """Refuse what makes no sense before anything is computed."""
    Terms(**{str(name): float(value) for name, value in config.money.items()})
    settings = {one.name for one in fields(Terms)}
    for key, known in (("ends", settings), ("worlds", set(config.simulator) if in_world else None)):
        for name in _pairs(config, key):
            if known is not None and name not in known:
                what = "term of money" if key == "ends" else "setting of the simulator"
                raise ConfigError(unknown_name(what, name, known))


def _both(config: Any, world: World[Any], models: stack.Models) -> tuple[Account, Account, Array]:
    """The accounts of the policy and of the reference, and the role of each learner at the end."""
    accounts: dict[str, list[Account]] = {"policy": [], "reference": []}
    roles = []
    for repeat in range(config.repeats):
        seed = child(config.seed, f"evaluated people {repeat}")
        past = _lived(config, "past_policy", world, seed=seed, weeks=config.past_weeks, tracer=stack.truth(world))
        for part, kept in accounts.items():
            tracer = stack.told(parts.build(config, part), models.tracer.model, world)
            keeper = Bookkeeper(world.roles, world.catalog)
            told = {"tracer": tracer, "recommender": models.affinity, "observers": [keeper], "after": past}
            done = _lived(config, part, world, seed=seed, weeks=config.weeks, **told)
            kept.append(Account.of(done.policy, keeper.books(), done.log, done.hours))
        roles.append(done.role)
    return Account.join(accounts["policy"]), Account.join(accounts["reference"]), np.concatenate(roles)


def _lived(config: Any, part: str, world: World[Any], *, seed: int, weeks: int, **told: Any) -> Rollout:
    from lernpfad.simulate.rollout import rollout

    group = part if part == "policy" else f"policy@{part}"
    name = " ".join(parts.choices(group))
    log.info("%s: %d learners, %d weeks", name, config.learners, weeks)
    return rollout(
        parts.build(config, part),
        world,
        learners=config.learners,
        weeks=weeks,
        seed=seed,
        name=name,
        progress=config.progress,
        **told,
    )


def _believed(config: Any, models: stack.Models, record: Record) -> Return:
    """A real log, with the tracer's belief for the truth."""
    dataset, _ = parts.data(config)
    stack.for_items(models, dataset.catalog, where=f"data set '{dataset.name}'")
    record.data(dataset.name, dataset.fingerprint, str(config.data.source.get("folder", "")))
    roles, role = dataset.roles, dataset.learner.get("role")
    if roles is None or role is None:
        raise ConfigError(
            f"data set '{dataset.name}' has no roles, so nobody owes anything; "
            "add the tables 'roles' and 'learners' (see data/README.md)"
        )
    start, weeks = calendar(dataset.sequences, weeks=config.weeks)
    aims = dataset.learner.get("target_role")
    books = believed_books(models.tracer.model, dataset.sequences, roles, role, start=start, weeks=weeks, target=aims)
    hours = hours_by_week(dataset.sequences, start=start, weeks=weeks)
    account = Account.of(dataset.name, books, dataset.sequences, hours)
    labels = _groups(roles, role, dataset.learner.get("unit"), account, config.units)
    return _return(config, record, account=account, groups=labels, simulated=False)


def _groups(roles: Roles, role: Array, unit: Array | None, account: Account, units: int | None) -> dict[str, Array]:
    """Unit and role of each learner; units are those of the data, else roles that ask for like skills."""
    names = np.append(roles.names, "without a role")
    if unit is None:
        found = np.append(units_of_roles(roles, at=account.books.start, units=units), "without a role")
        return {"unit": found[role], "role": names[role]}
    return {"unit": np.asarray(unit).astype(np.str_), "role": names[role]}


def _return(config: Any, record: Record, **found: Any) -> Return:
    return Return(
        terms=Terms(**{str(name): float(value) for name, value in config.money.items()}),
        band=tuple(sorted(float(one) for one in config.band)),
        ends=_pairs(config, "ends"),
        provenance={
            "command": provenance.command_line(),
            "commit": provenance.commit() or "no git",
            "seed": config.seed,
            "MLflow": record.place() or "not recorded",
            "configuration": OmegaConf.to_yaml(config, resolve=True),
        },
        **found,
    )


def _written(found: Return, folder: Path, record: Record, *, title: str) -> None:
    paths = return_report.write(found, folder, title=title)
    for path in paths:
        record.file(path)
    for name, one in return_report.drawings(found).items():
        record.figure(one.figure, f"return-{name}")
    everybody = by_group(found)[0] | ({} if found.worth is None else {"break_even": found.worth.break_even})
    numbers = {name: value for name, value in everybody.items() if isinstance(value, (int, float))}
    record.metrics({f"return/{name}": float(value) for name, value in numbers.items() if np.isfinite(value)})
    print(f"\n{(folder / TEXT_FILE).read_text(encoding='utf-8')}")
    log.info("report: %s", paths[0])
