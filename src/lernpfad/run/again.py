"""The data that a model was trained and tested on, read once more and divided as it was then."""

from dataclasses import dataclass
from typing import Any

from lernpfad.core import ConfigError
from lernpfad.data.dataset import Dataset, Split
from lernpfad.run import measure, parts
from lernpfad.run.store import Fitted
from lernpfad.serve.files import read_json

CONFIG_FILE = "config.json"


@dataclass(frozen=True, eq=False)
class TrainedOn:
    """protocol: how recommenders were judged, as arguments of `measure.ranking`."""

    dataset: Dataset
    split: Split
    protocol: dict[str, Any]


def read(fitted: Fitted, *, what: str) -> TrainedOn:
    """From the run folder of a fitted model. what: who needs it, for the message.

    ConfigError if the run folder, the data set or its content is not what it was.
    """
    from omegaconf import OmegaConf

    path = fitted.folder.parent / CONFIG_FILE
    if not path.is_file():
        raise ConfigError(f"{what} needs the data of the training, but '{fitted.folder.parent}' has no {CONFIG_FILE}")
    config = OmegaConf.create(read_json(path))
    try:
        dataset, split = parts.data(config)
    except ConfigError as problem:
        raise ConfigError(f"{what} needs the data of the training: {problem}") from problem
    if dataset.fingerprint != fitted.facts.get("data_hash"):
        raise ConfigError(
            f"{what} needs the data of the training, but '{dataset.name}' has changed since: its hash is "
            f"{dataset.fingerprint[:12]}, was {str(fitted.facts.get('data_hash'))[:12]}; train again"
        )
    return TrainedOn(dataset, split, measure.protocol(config))
