"""`lernpfad collect`: the log of a running service as a data set, for `train` and for `evaluate offpolicy=true`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lernpfad.core import ConfigError, unknown_name
from lernpfad.serve.commands import existing, words_of

HELP: Final = """usage: lernpfad collect store=WHERE bundle=FOLDER out=FOLDER [unanswered=left_out] [trust=PACKAGES]

Writes what a service stored as a data set that data=logs data.folder=FOLDER reads: interactions, items, roles, and of
each offer that was drawn ("draw": true) what off-policy estimates need. Learners bear their pseudonyms.

  store=WHERE       as for lernpfad serve (required)
  bundle=FOLDER     as for lernpfad serve: its catalog and roles, and whose propensities count (required)
  out=FOLDER        made, or replaced table by table (required)
  unanswered=       drawn offers of which nothing came are left_out, or count as declined
  trust=            as for lernpfad serve

  lernpfad collect store=learners.db bundle=runs/demo/bundle out=data/served
  lernpfad evaluate simulator=null data=logs data.folder=data/served data.name=served offpolicy=true \\
    models.tracer=runs/demo/fsrs models.recommender=runs/demo/als policy@past_policy=debtperminute
"""

LEFT_OUT, DECLINED = "left_out", "declined"


def main(words: Sequence[str]) -> None:
    """Write the data set and tell what became of the log. A wrong setting is a LernpfadError of one line."""
    if any(word in ("-h", "--help", "help") for word in words):
        print(HELP, end="")
        return
    from lernpfad.run.logged import write
    from lernpfad.serve.bundle import load

    given = words_of(words, ("store", "bundle", "out", "unanswered", "trust"), what="collect", command="collect")
    for needed in ("store", "bundle", "out"):
        if not given.get(needed):
            raise ConfigError(f"collect needs {needed}=; try `lernpfad collect --help`")
    counted = given.get("unanswered", LEFT_OUT)
    if counted not in (LEFT_OUT, DECLINED):
        raise ConfigError(unknown_name("value of unanswered", counted, (LEFT_OUT, DECLINED)))
    trust = tuple(part for part in given.get("trust", "").split(",") if part)
    bundle, database = load(given["bundle"], trust=trust), existing(given["store"])
    try:
        done = write(
            database,
            bundle.catalog,
            Path(given["out"]),
            roles=bundle.roles,
            bundle=bundle.version,
            declined=counted == DECLINED,
        )
    finally:
        database.close()
    print(
        f"{given['out']}: {done.rows} interactions of {done.learners} learners, {done.judgeable} with a propensity; "
        f"{done.unheard} left out with items that the bundle does not know, {done.unanswered} drawn offers unanswered "
        f"({counted.replace('_', ' ')}), {done.otherwise} propensities of other roles, requirements or bundles left out"
    )
