"""The apps of ``examples``, as a person runs them, and as docs/guards.md shows them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from synth_examples import ARN

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*/app.py"))
CONTEXT = {"project_version_arn": ARN, "branch": "new-labels"}
RECIPES = (ROOT / "docs" / "guards.md").read_text().partition("\n## Recipes\n")[2].partition("\n## ")[0]
IN_PLACE = f"{ROOT / 'constructs'}{os.pathsep}{ROOT / 'lambda'}"


@pytest.mark.parametrize("app", EXAMPLES, ids=lambda app: app.parent.name)
def test_it_synthesizes_by_its_own_cdk_json(app: Path, tmp_path: Path) -> None:
    """With the context keys that its first lines tell; one stack, and nothing is said."""
    settings = json.loads((app.parent / "cdk.json").read_text())
    assert settings == json.loads((ROOT / "cdk.json").read_text())
    told = dict(re.findall(r"-c (\w+)=(\S+?)[` ]", app.read_text().partition('"""\n')[0] + " "))
    given = {key: value for key, value in CONTEXT.items() if key in told}
    done = subprocess.run(
        [sys.executable, *shlex.split(settings["app"])[1:]],
        cwd=app.parent,
        env=dict(os.environ)
        | {
            "PYTHONPATH": IN_PLACE,
            "CDK_OUTDIR": str(tmp_path),
            "CDK_CONTEXT_JSON": json.dumps(settings["context"] | given),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(list(tmp_path.glob("*.template.json"))) == 1


@pytest.mark.parametrize("app", EXAMPLES, ids=lambda app: app.parent.name)
def test_the_docs_show_lines_of_this_very_file(app: Path) -> None:
    """Each recipe links one file, and each of its blocks stands there as it is."""
    link = f"](../examples/{app.parent.name}/app.py)"
    (recipe,) = [part for part in RECIPES.split("\n### ") if link in part]
    blocks = re.findall(r"```python\n(.*?)```", recipe, re.DOTALL)
    assert blocks
    text = app.read_text()
    assert [block for block in blocks if not stands_in(text, block)] == []


def stands_in(text: str, block: str) -> bool:
    """Whether lines stand in a text as they are, but for the column in which they begin."""
    return any(f"\n{textwrap.indent(block, ' ' * column)}" in text for column in range(0, 20, 4))


def test_every_recipe_has_its_app() -> None:
    """And each app its recipe."""
    linked = re.findall(r"\]\(\.\./examples/(\w+)/app\.py\)", RECIPES)
    assert sorted(linked) == [app.parent.name for app in EXAMPLES]
    assert len(linked) == len(RECIPES.split("\n### ")) - 1
