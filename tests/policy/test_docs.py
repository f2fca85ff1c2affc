"""The page about policies says what is so."""

import re
from pathlib import Path

from composing import names
from test_configs import mistakes

PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")
ROWS = re.compile(r"^\| (`.*`) \|", re.MULTILINE)


def test_every_policy_is_on_the_page():
    listed = {name for row in ROWS.findall(PAGE) for name in re.findall(r"`(\w+)`", row)}
    wrappers = {name for name in names("policy") if f"`{name.capitalize()}(" in PAGE}
    assert listed | wrappers == set(names("policy"))
    assert wrappers == {"mask", "constrain", "safe", "slate"}


def test_the_composition_on_the_page_composes(tmp_path):
    from hydra import compose, initialize_config_dir

    from composing import CONFIGS

    [text] = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.S)
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "ours.yaml").write_text(text)
    with initialize_config_dir(version_base="1.3", config_dir=str(CONFIGS)):
        config = compose(overrides=["+policy=ours", f"hydra.searchpath=[file://{tmp_path}]"])
    assert mistakes(config) == []
    made = config.policy
    assert made.policy.policy._target_.endswith("DebtPerMinute")
    assert made.fallback._target_.endswith("RoleCurriculum")
