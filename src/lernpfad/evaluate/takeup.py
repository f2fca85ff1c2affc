"""Do people take up what they are offered, and do they stay? No policy may win by losing learners."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core import Array, BoolArray, FloatArray
from lernpfad.evaluate.intervals import RESAMPLES, Estimate, ratio_of_sums


@dataclass(frozen=True)
class TakeUp:
    """accepted: of all offers. used: hours spent over hours that people had, NaN where nobody knows those. dropout:
    share of those who were there at first and left. Intervals over learners.
    """

    accepted: Estimate
    used: Estimate
    dropout: Estimate


def take_up(
    taken: FloatArray,
    offers: FloatArray,
    hours: FloatArray,
    active: BoolArray,
    *,
    budget: FloatArray | None = None,
    began: BoolArray | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> TakeUp:
    """From what each learner was offered and took, `[L]`; hours, active, budget (hours that she had): `[weeks, L]`.

    began: who was there at first, `[L]`, all if None. The last item of a sitting may run over, so `used` may exceed 1.
    """
    learners = len(offers)
    there = np.ones(learners, dtype=bool) if began is None else began

    def share(some: Array, of: Array) -> Estimate:
        above, below = some.astype(np.float64), of.astype(np.float64)
        return ratio_of_sums(above, below, resamples=resamples, seed=seed)

    unknown = np.full(learners, np.nan)
    return TakeUp(
        accepted=share(taken, offers),
        used=share(hours.sum(axis=0), unknown if budget is None else budget.sum(axis=0)),
        dropout=share(there & ~active[-1], there),
    )


@dataclass(frozen=True)
class DropoutScore:
    """Debt-weeks avoided per hour, with those who left counting as people who learn no more, and without them.

    everybody: the score that counts. stayed: of those who were there to the end under both policies. lost: how much
    larger the latter looks; a policy that drives out whoever learns slowly has a large one.
    """

    everybody: Estimate
    stayed: Estimate

    @property
    def lost(self) -> float:
        """`stayed - everybody`."""
        return self.stayed.value - self.everybody.value


def score_with_dropouts(
    avoided: FloatArray,
    hours: FloatArray,
    active: BoolArray,
    reference_active: BoolArray,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> DropoutScore:
    """Both scores; avoided: debt-weeks that each learner is spared over all weeks, `[L]`. hours: `[L]`.

    active, reference_active: `[weeks, L]`. Who left goes on forgetting in the world, so her debt is that of "no further
    learning" as it stands. What she was spared counts fully, or a policy could shed those whom it fails.
    """
    stay = active[-1] & reference_active[-1]
    return DropoutScore(
        everybody=ratio_of_sums(avoided, hours, resamples=resamples, seed=seed),
        stayed=ratio_of_sums(avoided[stay], hours[stay], resamples=resamples, seed=seed),
    )
