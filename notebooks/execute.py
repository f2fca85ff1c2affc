"""Write a notebook from its percent source, executed, without traces of the machine that executed it."""

import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient


def executed(source: Path) -> nbformat.NotebookNode:
    """The notebook with its outputs; run in a folder of its own choosing, the notebook's."""
    notebook = jupytext.read(source)
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(source.parent)}}).execute()
    for number, cell in enumerate(notebook.cells):
        cell.metadata.pop("execution", None)
        cell.id = f"cell-{number:02d}"
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


if __name__ == "__main__":
    for name in sys.argv[1:]:
        source = Path(name)
        nbformat.write(executed(source), source.with_suffix(".ipynb"))
