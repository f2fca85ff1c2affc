"""What core says of items and paths, as it is answered over HTTP."""

import numpy as np

from lernpfad.core import Recommendation, Step
from lernpfad.serve.schema import Gap, NextItem, PathStep, ReasonPart


def told(found: Recommendation) -> NextItem:
    """A recommendation as it is answered."""
    return NextItem(
        item=found.item,
        reason=found.reason,
        propensity=found.propensity,
        debt_reduction=found.debt_reduction,
        minutes=found.minutes,
        success=found.success,
        affinity=found.affinity,
        gaps=[Gap(skill=skill, gap=gap) for skill, gap in found.gaps],
        lead=found.lead,
        parts=[ReasonPart(code=one.code, overtaken=one.overtaken, beaten=one.beaten) for one in found.parts],
        unmet=list(found.unmet),
        days=found.days,
        taken=found.taken,
    )


def step_told(step: Step, item: NextItem) -> PathStep:
    """A step of a path as it is answered; item: its item, likewise."""
    return PathStep(
        **item.model_dump(),
        sitting=step.sitting,
        at=step.at,
        spent=step.spent,
        debt_after=step.debt if np.isfinite(step.debt) else None,
    )
