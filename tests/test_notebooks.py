"""Every notebook says what its source says, shows outputs, and runs (`make test` executes them with nbmake)."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
SOURCES = sorted(path for path in FOLDER.glob("*.py") if path.name[0].isdigit())


def test_every_notebook_has_a_source() -> None:
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == {path.stem for path in SOURCES} != set()


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_notebook_says_what_its_source_says(source: Path) -> None:
    jupytext = pytest.importorskip("jupytext")
    written, notebook = jupytext.read(source), jupytext.read(source.with_suffix(".ipynb"))
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == [
        (cell.cell_type, cell.source) for cell in written.cells
    ]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_notebook_is_committed_with_its_outputs_and_no_error(source: Path) -> None:
    jupytext = pytest.importorskip("jupytext")
    outputs = [
        output for cell in jupytext.read(source.with_suffix(".ipynb")).cells for output in cell.get("outputs", [])
    ]
    assert outputs
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
