"""Roll-outs laid side by side: the same learners under different policies, in the same order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lernpfad.core import ConfigError, DataError, FloatArray, IntArray, Rollout, unknown_name
from lernpfad.evaluate.lived import Lived, as_lived

Runs = Rollout | Lived | Sequence[Rollout | Lived]
"""What one policy did: one roll-out, or one per seed (in the same order for every policy); or what was kept of it."""


@dataclass(frozen=True, eq=False)
class Paired:
    """True debt and hours of the same learners under each policy.

    debt: policy to `[weeks + 1, L]`. hours: policy to `[weeks, L]`. seed: which roll-out and seed each learner is from,
    `[L]`.
    Learners without requirements have no debt to speak of and are left out.
    """

    debt: Mapping[str, FloatArray]
    hours: Mapping[str, FloatArray]
    seed: IntArray

    @classmethod
    def of(cls, rollouts: Mapping[str, Runs], *, reference: str) -> "Paired":
        """Lay roll-outs side by side; ConfigError if the reference is missing, DataError if they are not paired."""
        if reference not in rollouts:
            raise ConfigError(f"{unknown_name('policy', reference, rollouts)}; closed loop needs it as the reference")
        lived = {name: as_lived(some) for name, some in rollouts.items()}
        debt, hours = ({name: getattr(one, key) for name, one in lived.items()} for key in ("debt", "hours"))
        for name in rollouts:
            _check(name, debt[name], hours[name], reference, debt[reference])
        seed = lived[reference].seed
        kept = ~np.any([np.isnan(one).any(axis=0) for one in debt.values()], axis=0)
        return cls(
            debt={name: one[:, kept] for name, one in debt.items()},
            hours={name: one[:, kept] for name, one in hours.items()},
            seed=seed[kept],
        )

    def avoided(self, policy: str, reference: str) -> FloatArray:
        """Debt-weeks that each learner is spared, `[L]`: her debt under `reference` less that here, over all weeks."""
        spared: FloatArray = (self.debt[reference] - self.debt[policy]).sum(axis=0)
        return spared


def runs(some: Rollout | Sequence[Rollout]) -> Sequence[Rollout]:
    """One roll-out or several, as several."""
    return [some] if isinstance(some, Rollout) else some


def _check(name: str, debt: FloatArray, hours: FloatArray, reference: str, expected: FloatArray) -> None:
    if debt.shape != expected.shape or hours.shape != (len(debt) - 1, debt.shape[1]):
        raise DataError(
            f"closed loop: '{name}' has debt {debt.shape} and hours {hours.shape}, '{reference}' has debt "
            f"{expected.shape}; roll all policies out over the same weeks and learners"
        )
    if not np.allclose(debt[0], expected[0], equal_nan=True):
        worst = int(np.nanargmax(np.abs(debt[0] - expected[0])))
        raise DataError(
            f"closed loop: '{name}' and '{reference}' do not start from the same learners (learner {worst} owes "
            f"{debt[0][worst]:.3f} and {expected[0][worst]:.3f}); use the same seed and the same past"
        )
