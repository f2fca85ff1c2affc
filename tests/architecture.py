"""Who may import whom, read off the syntax trees: each rule takes the sources and returns its violations."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

LONGEST = 300

MAY_IMPORT = {
    "core": set(),
    "data": {"core"},
    "training": {"core", "data"},
    "tracing": {"core", "data", "training"},
    "collaborative": {"core", "data", "training"},
    "policy": {"core"},
    "simulate": {"core"},
    "evaluate": {"core"},
    "serve": {"core", "policy"},
    "run": {"core", "data", "training", "tracing", "collaborative", "policy", "simulate", "evaluate", "serve"},
}
ONLY_IN_RUN = {"hydra", "omegaconf", "optuna", "mlflow"}
SERVING = {"numpy", "safetensors", "onnxruntime", "fastapi", "starlette", "pydantic", "uvicorn", "psycopg"}
PICKLES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
MODELS = ("tracing", "collaborative")


@dataclass(frozen=True)
class Import:
    """One imported name. line: where. at_once: when the module is loaded, not when a function is called."""

    name: str
    line: int
    at_once: bool

    @property
    def root(self):
        return self.name.split(".")[0]


@dataclass(frozen=True)
class Source:
    """One file of the package. path: relative to the folder that holds `lernpfad`."""

    path: Path
    text: str

    @property
    def package(self):
        """The part it belongs to, "" for the files of lernpfad itself; the command by its name is the entry point's."""
        if self.path.name == "__main__.py":
            return "run"
        return self.path.parts[1] if len(self.path.parts) > 2 else ""

    @property
    def module(self):
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def tree(self):
        return ast.parse(self.text, str(self.path))

    @cached_property
    def imports(self):
        return tuple(self._imports(self.tree, at_once=True))

    @cached_property
    def classes(self):
        return tuple(node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef))

    @property
    def neural(self):
        """Whether it defines a network."""
        bases = (ast.unparse(base).split(".")[-1] for one in self.classes for base in one.bases)
        return "Module" in bases

    def extends(self, names):
        """Whether it defines a class upon one of these."""
        return any(ast.unparse(base).split(".")[-1] in names for one in self.classes for base in one.bases)

    @property
    def walks(self):
        """Whether it defines a network that is a tracer, not a part of one."""
        return self.neural and any(
            isinstance(part, ast.FunctionDef) and part.name == "step" for one in self.classes for part in one.body
        )

    @property
    def fits(self):
        """Whether it defines a model."""
        return any(
            isinstance(part, ast.FunctionDef) and part.name == "fit" for one in self.classes for part in one.body
        )

    @property
    def foreign(self):
        """Imports from neither lernpfad nor the standard library."""
        return tuple(one for one in self.imports if one.root not in {"lernpfad", *sys.stdlib_module_names})

    def _imports(self, node: ast.AST, *, at_once: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from (Import(alias.name, child.lineno, at_once) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                home = self._home(child)
                yield from (Import(f"{home}.{alias.name}", child.lineno, at_once) for alias in child.names)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                yield from self._imports(child, at_once=False)
            else:
                later = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
                yield from self._imports(child, at_once=at_once and not later)

    def _home(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        here = self.module.split(".") if self.path.name == "__init__.py" else self.module.split(".")[:-1]
        above = here[: len(here) - node.level + 1]
        return ".".join([*above, *([node.module] if node.module else [])])


def sources(folder: Path) -> list[Source]:
    """Every file of the package `lernpfad` in a source folder."""
    return [Source(path.relative_to(folder), path.read_text()) for path in sorted(folder.glob("lernpfad/**/*.py"))]


def at(source: Source, line: int) -> str:
    return f"{source.path.as_posix()}:{line}"


def layers(files: list[Source]) -> list[str]:
    """Every part imports only itself and what lies below it."""
    wrong = []
    for one in files:
        if one.package and one.package not in MAY_IMPORT:
            wrong.append(f"{one.path.as_posix()}: '{one.package}' is no part of the architecture")
            continue
        allowed = MAY_IMPORT.get(one.package, set()) | {one.package}
        for name in one.imports:
            part = name.name.split(".")[1] if name.root == "lernpfad" and "." in name.name else ""
            if part in MAY_IMPORT and part not in allowed:
                wrong.append(
                    f"{at(one, name.line)} imports {name.name}: {one.package or 'lernpfad'} may not know {part}"
                )
    return wrong


def core_needs_numpy_alone(files: list[Source]) -> list[str]:
    """core imports nothing but numpy, not even inside a function."""
    return [
        f"{at(one, name.line)} imports {name.name}: core needs numpy alone"
        for one in files
        if one.package in ("core", "")
        for name in one.foreign
        if name.root != "numpy"
    ]


def serving_is_light(files: list[Source]) -> list[str]:
    """serve imports only what production installs: no torch, pandas, Lightning, Hydra or MLflow."""
    return [
        f"{at(one, name.line)} imports {name.name}: production does not install it"
        for one in files
        if one.package == "serve"
        for name in one.foreign
        if name.root not in SERVING
    ]


def tools_stay_in_run(files: list[Source]) -> list[str]:
    """Only run knows Hydra, Optuna and MLflow."""
    return [
        f"{at(one, name.line)} imports {name.name}: only run knows {name.root}"
        for one in files
        if one.package != "run"
        for name in one.foreign
        if name.root in ONLY_IN_RUN
    ]


def heavy_imports_are_local(files: list[Source]) -> list[str]:
    """At module level there is numpy, and nothing else: torch only in training and beside a network."""
    wrong = []
    networks = {kind.name for one in files if one.neural for kind in one.classes}
    for one in files:
        if one.package in ("run", "serve", "training"):  # measured by what they load, see the tests
            continue
        allowed = {"numpy"} | ({"torch"} if one.neural or one.extends(networks) else set())
        if not one.classes and (one.package in MODELS or one.path.stem.endswith("_kernels")):
            allowed |= {"numba"}  # compiled kernels, a file that is loaded when they are needed
        wrong += [
            f"{at(one, name.line)} imports {name.name} at module level: move it into the function that needs it"
            for name in one.foreign
            if name.at_once and name.root not in allowed
        ]
    return wrong


def classical_models_load_numpy_alone(files: list[Source]) -> list[str]:
    """Loading a classical model's file loads numpy and nothing else, also through what it imports."""
    wrong = []
    for model in files:
        if model.package not in MODELS or not model.fits or model.neural:
            continue
        for loaded in closure(model, files, at_once=True):
            for name in loaded.foreign:
                if name.at_once and name.root != "numpy":
                    by = "" if loaded is model else f" by {loaded.module}"
                    wrong.append(f"{at(model, 1)} loads {name.name}{by}: serve could not load this model")
    return wrong


def closure(start: Source, files: list[Source], *, at_once: bool) -> list[Source]:
    """A file and all of ours that it imports, and those import: when it is loaded (`at_once`), or ever."""
    by_module = {one.module: one for one in files}
    seen, waiting = [], [start]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.append(one)
        for name in one.imports:
            parts = name.name.split(".")
            paths = [".".join(parts[:size]) for size in range(1, len(parts) + 1)]
            waiting += [by_module[path] for path in paths if path in by_module and (name.at_once or not at_once)]
    return seen


def no_pickle(files: list[Source]) -> list[str]:
    """Nothing is pickled or unpickled, by whatever name."""
    wrong = []
    for one in files:
        wrong += [
            f"{at(one, name.line)} imports {name.name}: no pickle" for name in one.imports if name.root in PICKLES
        ]
        wrong += [
            f"{at(one, node.lineno)} calls {ast.unparse(node.func)}: {_pickling(node)}"
            for node in ast.walk(one.tree)
            if isinstance(node, ast.Call) and _pickling(node)
        ]
    return wrong


def _pickling(call: ast.Call) -> str:
    name = ast.unparse(call.func)
    given = {word.arg: ast.unparse(word.value) for word in call.keywords}
    if name.endswith("torch.load") and given.get("weights_only") != "True":
        return "without weights_only=True it unpickles"
    if given.get("allow_pickle") not in (None, "False"):
        return "allow_pickle unpickles"
    if name.split(".")[-1] in ("read_pickle", "to_pickle", "load_from_checkpoint"):
        return "it pickles"
    return ""


def files_are_short(files: list[Source]) -> list[str]:
    """No file has more than three hundred lines."""
    long = ((one, one.text.count("\n")) for one in files)
    return [f"{one.path.as_posix()} has {lines} lines, {LONGEST} are enough" for one, lines in long if lines > LONGEST]


RULES = (
    layers,
    core_needs_numpy_alone,
    serving_is_light,
    tools_stay_in_run,
    heavy_imports_are_local,
    classical_models_load_numpy_alone,
    no_pickle,
    files_are_short,
)
