"""Logged offers beside what another policy would have done in the same situations: what every estimator works on."""

from dataclasses import dataclass, replace

import numpy as np

from lernpfad.core import DataError, FloatArray, IntArray

_ROUNDING = 1e-5
"""Propensities are logged in single precision."""


@dataclass(frozen=True, eq=False)
class Logged:
    """Offers of many learners, ragged and flat: learner j owns rows `offsets[j]:offsets[j+1]`, oldest first.

    offsets: `[J+1]`; a learner may have no rows. action: column of the offered candidate, `[N]`. reward: `[N]`.
    logged: propensity with which it was offered, `[N]` in (0, 1]. target: propensities of the policy that is judged,
    `[N, C]`, rows summing to one. behaviour: the same of the logging policy where known, `[N, C]`; needed for the
    support check and for weights of clusters. model: predicted reward (one step) or reward to come (sequences) of
    each candidate, q-hat, `[N, C]`; needed by the direct and the doubly robust estimators.
    Raises DataError, with the row, for what cannot be.
    """

    offsets: IntArray
    action: IntArray
    reward: FloatArray
    logged: FloatArray
    target: FloatArray
    behaviour: FloatArray | None = None
    model: FloatArray | None = None

    def __post_init__(self) -> None:
        self._require_shapes()
        wrong = ~((self.logged > 0) & (self.logged <= 1 + _ROUNDING))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(f"off-policy: row {row} has propensity {self.logged[row]:.3g}, expected one in (0, 1]")
        for name in ("target", "behaviour"):
            self._require_distribution(name)

    @classmethod
    def rows(cls, **columns: FloatArray | IntArray | None) -> "Logged":
        """Rows that are independent of each other: each is a learner of her own. Arguments as above, no offsets."""
        count = len(columns["action"]) if columns["action"] is not None else 0
        return cls(offsets=np.arange(count + 1), **columns)  # type: ignore[arg-type]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.action)

    @property
    def learners(self) -> int:
        """Number of learners, those without rows included."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> IntArray:
        """Offers of each learner, `[J]`."""
        return np.diff(self.offsets)

    @property
    def owner(self) -> IntArray:
        """Learner index of each row, `[N]`."""
        return np.repeat(np.arange(self.learners), self.lengths)

    @property
    def weight(self) -> FloatArray:
        """w = pi(a | x) / pi_b(a | x) of the offered candidate, `[N]`."""
        chosen: FloatArray = self.of_action(self.target) / self.logged
        return chosen

    @property
    def expected(self) -> FloatArray:
        """What the model predicts for the offered candidate, q, `[N]`."""
        return self.of_action(self._model())

    @property
    def value(self) -> FloatArray:
        """What the model predicts under the target policy, v = sum_a pi(a) q(a), `[N]`."""
        expected: FloatArray = (self.target * self._model()).sum(axis=1)
        return expected

    def of_action(self, table: FloatArray) -> FloatArray:
        """The entry of the offered candidate in each row of a table `[N, C, ...]`: `[N, ...]`."""
        picked: FloatArray = table[np.arange(len(self)), self.action]
        return picked

    def with_model(self, model: FloatArray) -> "Logged":
        """The same rows with other predictions, `[N, C]`."""
        return replace(self, model=model)

    def select(self, learners: IntArray) -> "Logged":
        """Some learners (indices) with all their rows, in the given order."""
        rows = self.rows_of(learners)
        return Logged(
            offsets=np.concatenate([[0], np.cumsum(self.lengths[learners])]),
            action=self.action[rows],
            reward=self.reward[rows],
            logged=self.logged[rows],
            target=self.target[rows],
            behaviour=None if self.behaviour is None else self.behaviour[rows],
            model=None if self.model is None else self.model[rows],
        )

    def rows_of(self, learners: IntArray) -> IntArray:
        """Indices of the rows of some learners, in the given order."""
        parts = [np.arange(self.offsets[j], self.offsets[j + 1]) for j in learners]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)

    def _model(self) -> FloatArray:
        if self.model is None:
            raise DataError(
                "off-policy: this estimator needs a reward model; give the rows one: `with_model(cross_fitted(...))`"
            )
        return self.model

    def _require_shapes(self) -> None:
        rows = int(self.offsets[-1])
        for name in ("action", "reward", "logged", "target"):
            if len(getattr(self, name)) != rows:
                raise DataError(f"off-policy: '{name}' has {len(getattr(self, name))} rows, offsets end at {rows}")
        for name in ("behaviour", "model"):
            table = getattr(self, name)
            if table is not None and table.shape != self.target.shape:
                raise DataError(f"off-policy: '{name}' is {table.shape}, expected {self.target.shape} as the target")
        if rows and not (self.action.min() >= 0 and self.action.max() < self.target.shape[1]):
            raise DataError(f"off-policy: an action is not a column of the {self.target.shape[1]} candidates")

    def _require_distribution(self, name: str) -> None:
        table = getattr(self, name)
        if table is None:
            return
        wrong = (np.abs(table.sum(axis=1) - 1) > _ROUNDING * 10) | (table < 0).any(axis=1)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(
                f"off-policy: the {name} propensities of row {row} sum to {table[row].sum():.4g}, "
                "expected non-negative ones that sum to 1"
            )
