"""What the README shows is what happens: its example runs, its commands compose, its targets and links exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line.split("#")[0].strip() for line in README.splitlines() if re.match(r"lernpfad (?!serve|score)[a-z]+ ", line)
]
LINKS = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)


def test_the_library_example_is_twelve_lines_and_recommends(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    statements = [line for line in example.splitlines() if line.strip() and not line.startswith(("from ", "import "))]
    assert len(example.strip().splitlines()) <= 14
    assert len(statements) <= 6
    ran = subprocess.run([sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"(item-\d+: [A-Z].* in about \d+ minutes.*you succeed with \d+%\.\n){3}", ran.stdout)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_composes(command: str, tmp_path: Path) -> None:
    from lernpfad.run.cli import main

    words = command.replace("<run>", str(tmp_path)).split()[1:]
    assert main([word for word in words if word != "-m" and "1,2,3" not in word] + ["--cfg", "job"]) == 0


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make ([a-z-]+)", README))))
def test_a_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize("link", sorted(set(LINKS)))
def test_a_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_the_list_of_decisions_is_whole() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = {page.name: page.read_text().splitlines()[0].lstrip("# ") for page in folder.glob("[0-9]*.md")}
    listed = dict(re.findall(r"\* \[(.+)\]\((.+)\)", (folder / "README.md").read_text()))
    assert {name: title for title, name in listed.items()} == pages
