"""One ONNX graph, as production runs it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lernpfad.core import Array, BundleError


class Graph:
    """A graph whose inputs are checked once. takes: what may be given to it, by name. notes: its maker's, by name."""

    def __init__(self, path: Path, *, takes: set[str], threads: int) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            # without a fallback: it tries the same again, and prints what happened on stdout
            self._session = ort.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"], enable_fallback=0
            )
        except Exception as problem:  # onnxruntime has no common base of its errors
            line = str(problem).splitlines()[0]
            raise BundleError(
                f"cannot read {path.name} in {path.parent} ({line}); export the bundle again"
            ) from problem
        self._inputs = {one.name for one in self._session.get_inputs()}
        self._outputs = [one.name for one in self._session.get_outputs()]
        self.notes: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        if not self._inputs <= takes:
            raise BundleError(
                f"{path.name} in {path.parent} asks for {sorted(self._inputs - takes)}, expected only "
                f"{sorted(takes)}; export the bundle again with this version"
            )

    def run(self, given: Mapping[str, Any]) -> dict[str, Array]:
        """Outputs by name; an input that the graph does not depend on was optimised away and is not passed."""
        feed = {name: array for name, array in given.items() if name in self._inputs}
        return dict(zip(self._outputs, self._session.run(self._outputs, feed), strict=True))
