"""From raw learner logs to `Catalog` and `Sequences`, and their splits; pandas, pyarrow and pandera stay inside."""

from lernpfad.data.dataset import Dataset, Split

__all__ = ["Dataset", "Split"]
