"""A small log with what the tracer saw in it, for policies that learn from offers."""

from functools import cache

from lernpfad.core import Experience
from lernpfad.core.laws import Counting
from lernpfad.policy import Logging
from lernpfad.simulate.rollout import rollout
from simulate.small import world


@cache
def small(learners: int = 60, weeks: int = 6) -> Experience:
    of = world()
    log = rollout(Logging(block=0.35), of, learners=learners, weeks=weeks, seed=11, name="logging")
    return Experience(log.log, Counting().fit(log.log), None, of.roles, log.role)
