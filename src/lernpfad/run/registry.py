"""One registered model in MLflow: versions, who is champion and challenger, and how that came about."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from lernpfad.core import ConfigError, unknown_name
from lernpfad.run import provenance
from lernpfad.serve.manifest import MANIFEST, Manifest, read_manifest

CHAMPION: Final = "champion"
"""Alias of the version that production loads."""

CHALLENGER: Final = "challenger"
"""Alias of the newest version, which waits for `lernpfad promote`."""

CHAMPIONS: Final = "champions"
"""Tag of the registered model: numbers of the versions that were champion, the present one last; a rollback pops it."""

_KEPT = 200
_FIRST = "the first version of its name"


@dataclass(frozen=True, eq=False)
class Registry:
    """A registered model by name. client: MLflow's."""

    client: Any
    name: str

    def add(self, model_id: str, *, run: str) -> str:
        """A logged model as the new version, alias challenger; the very first one is champion. Returns its number."""
        if not self._exists():
            self.client.create_registered_model(self.name)
        first = not self._versions()
        place = self.client.get_logged_model(model_id).artifact_location  # models:/<id> is looked up in another store
        made = self.client.create_model_version(self.name, place, run_id=run, model_id=model_id)
        number = str(made.version)
        if first:
            self.promote(number, why=_FIRST)
        else:
            self.client.set_registered_model_alias(self.name, CHALLENGER, number)
        return number

    def number(self, wanted: str) -> str:
        """The number of a version that is given by its alias or its number; ConfigError if there is none."""
        versions, aliases = self._versions(), self._aliases()
        found = aliases.get(wanted, wanted)
        if found not in versions:
            names = [*aliases, *versions]
            raise ConfigError(f"{unknown_name('version', wanted, names)} (of the registered model '{self.name}')")
        return found

    def champion(self) -> str | None:
        """The number of the champion, or None."""
        self._versions()
        return self._aliases().get(CHAMPION)

    def manifest(self, number: str) -> Manifest:
        """The manifest of a version's bundle, every file of which is checked against it. BundleError if one is not."""
        from mlflow.artifacts import download_artifacts

        source = self.client.get_model_version_download_uri(self.name, number)
        with TemporaryDirectory() as scratch:
            place = Path(download_artifacts(artifact_uri=source, dst_path=scratch))
            bundles = sorted(place.glob(f"artifacts/*/{MANIFEST}"))
            if not bundles:
                raise ConfigError(
                    f"version {number} of '{self.name}' holds no bundle; register it with lernpfad export register=..."
                )
            return read_manifest(bundles[0].parent)

    def promote(self, number: str, *, why: str) -> None:
        """Make a version the champion, and note by whom, when and why. The gates are the caller's."""
        before, aliases = self._champions(), self._aliases()
        self._note(number, "promoted", why=why, over=before[-1] if before else "nobody")
        self.client.set_registered_model_alias(self.name, CHAMPION, number)
        if aliases.get(CHALLENGER) == number:
            self.client.delete_registered_model_alias(self.name, CHALLENGER)
        self._remember([*before, number])

    def rollback(self, *, why: str) -> tuple[str, str]:
        """Give the alias back to the champion before; returns the numbers of the one that goes and of that one."""
        self._versions()
        champions = self._champions()
        if len(champions) < 2:
            raise ConfigError(
                f"'{self.name}' has no champion before this one, so there is nothing to go back to; "
                "promote another version with lernpfad promote"
            )
        *_, back, gone = champions
        self._note(gone, "rolled_back", why=why, to=self.number(back))
        self.client.set_registered_model_alias(self.name, CHAMPION, back)
        self._remember(champions[:-1])
        return gone, back

    def _exists(self) -> bool:
        return any(one.name == self.name for one in self.client.search_registered_models(f"name='{self.name}'"))

    def _versions(self) -> list[str]:
        """Numbers of all versions; ConfigError if there is no such model."""
        if not self._exists():
            names = [one.name for one in self.client.search_registered_models()]
            raise ConfigError(f"{unknown_name('registered model', self.name, names)}; lernpfad export register=<name>")
        return sorted((str(one.version) for one in self.client.search_model_versions(f"name='{self.name}'")), key=int)

    def _aliases(self) -> dict[str, str]:
        model = self.client.get_registered_model(self.name)
        return {str(alias): str(number) for alias, number in model.aliases.items()}

    def _champions(self) -> list[str]:
        """The stack of champions; the alias is what counts, should somebody have moved it by hand."""
        noted = str(self.client.get_registered_model(self.name).tags.get(CHAMPIONS, "")).split()
        now = self._aliases().get(CHAMPION)
        return noted if now is None or noted[-1:] == [now] else [*noted, now]

    def _remember(self, champions: list[str]) -> None:
        self.client.set_registered_model_tag(self.name, CHAMPIONS, " ".join(champions[-_KEPT:]))

    def _note(self, number: str, what: str, **more: str) -> None:
        when = datetime.now(UTC).isoformat(timespec="seconds")
        for key, value in {"by": provenance.user(), "when": when, **more}.items():
            self.client.set_model_version_tag(self.name, number, f"{what}.{key}", value)
