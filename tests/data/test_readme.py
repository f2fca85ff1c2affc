"""The guide to the public logs says what the configuration verifies."""

import re
from pathlib import Path

from omegaconf import OmegaConf


def test_the_guide_lists_every_checksum_that_is_verified(configs: Path) -> None:
    guide = (configs.parent / "data" / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(\w+)` \| `(\S+)` \| `([0-9a-f]{64})` \|$", guide, re.MULTILINE))
    verified = set()
    for file in (configs / "data").glob("*.yaml"):
        sums = OmegaConf.to_container(OmegaConf.load(file).source, resolve=False).get("sha256")
        verified |= {(file.stem, name, value) for name, value in (sums or {}).items()}
    assert listed == verified
    assert len(listed) == 32
    for name, _, _ in verified:
        assert f"| `{name}` |" in guide
