"""How a neural model is fitted: the settings of one training run."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from lernpfad.core import ConfigError, unknown_name

Schedule: TypeAlias = Literal["constant", "onecycle"]
SCHEDULES: Final = ("constant", "onecycle")
Precision: TypeAlias = Literal["32-true", "bf16-mixed"]
PRECISIONS: Final = ("32-true", "bf16-mixed")


@dataclass(frozen=True)
class Fitting:
    """Settings of a training run; the same seed and settings give the same weights.

    max_epochs: at most. patience: stop when the best epoch is this many epochs old, by the validation metric of the
    objective (AUC for tracers, NDCG@10 for recommenders); an epoch is better only if it beats the best by more than
    `min_delta`. learning_rate, weight_decay: of Adam (AdamW's decay).
    schedule: "constant", or "onecycle": the rate rises to `learning_rate` and falls to nothing over all `max_epochs`
    (Smith & Topin 2019), which then are few and part of the settings; set `patience` to as many.
    batch_rows: interactions in a batch, padding included. holdout: share of the training learners that validate when
    no validation histories are given. gradient_clip: largest norm of the gradient, 0 for no limit. accelerator: as
    Lightning names it. precision: likewise; "bf16-mixed" multiplies matrices with 16 bits, weights keep their 32.
    checkpoints: a folder that a later fit resumes from; without one nothing is kept.
    """

    max_epochs: int = 200
    patience: int = 10
    min_delta: float = 0.001
    learning_rate: float = 0.001
    schedule: Schedule = "constant"
    weight_decay: float = 0.0
    batch_rows: int = 4096
    gradient_clip: float = 0.0
    holdout: float = 0.1
    seed: int = 0
    accelerator: str = "auto"
    precision: Precision = "32-true"
    checkpoints: str | None = None
    progress_bar: bool = True

    def __post_init__(self) -> None:
        for name, least in (("max_epochs", 1), ("patience", 1), ("batch_rows", 1)):
            if getattr(self, name) < least:
                raise ConfigError(f"fitting: {name} is {getattr(self, name)}, expected at least {least}")
        for name, known in (("schedule", SCHEDULES), ("precision", PRECISIONS)):
            if getattr(self, name) not in known:
                raise ConfigError(f"fitting: {unknown_name(name, getattr(self, name), known)}")
        if not self.learning_rate > 0:
            raise ConfigError(f"fitting: learning_rate is {self.learning_rate}, expected a number above 0")
        if not 0 < self.holdout < 1:
            raise ConfigError(f"fitting: holdout is {self.holdout}, expected a share between 0 and 1")
