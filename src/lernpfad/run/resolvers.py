"""What the YAML files may call: `${terminal:}` and `${run_folder:<resume>,<new folder>}`."""

import sys


def register() -> None:
    """Make the resolvers known to OmegaConf; harmless when repeated."""
    from omegaconf import OmegaConf

    OmegaConf.register_new_resolver("terminal", terminal, replace=True)
    OmegaConf.register_new_resolver("run_folder", run_folder, replace=True)


def run_folder(resume: str | None, new: str) -> str:
    """The folder of this run: the one to go on with, if there is one, else a new one."""
    if resume is None:
        return new
    from lernpfad.run.places import existing

    return str(existing(resume, what="run folder"))


def terminal() -> bool:
    """Whether a person watches: progress bars are for people, not for log files."""
    return sys.stderr.isatty()
