"""cfn-lint and CDK itself have nothing to say, and the README's code runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import App, Stack
from synth_examples import ARN

from rekognition_running_model import RunningModel

ROOT = Path(__file__).parents[2]


def synthesize(folder: Path) -> Path:
    """A stack with two models, one of them through a look-up; the folder of its assembly."""
    app = App(outdir=str(folder))
    stack = Stack(app, "Parts")
    RunningModel(stack, "Model", project_version_arn=ARN)
    RunningModel(stack, "Other", project_version_arn=ARN.replace("v3", "v4"), max_inference_units=3)
    app.synth()
    return folder


def test_cfn_lint_is_clean(tmp_path: Path) -> None:
    """The template follows CloudFormation's own specification."""
    template = synthesize(tmp_path / "out") / "Parts.template.json"
    found = subprocess.run(
        [sys.executable, "-m", "cfnlint", "--regions", "eu-west-1", "--", str(template)],
        capture_output=True,
        text=True,
        check=False,
    )
    # W3005: CDK writes the dependency on the role although a reference implies it.
    lines = [line for line in found.stdout.splitlines() if re.match(r"[EW]\d{4}", line)]
    assert [line for line in lines if not line.startswith("W3005")] == [], found.stdout


def test_the_readmes_code_runs(tmp_path: Path) -> None:
    """Every Python block of the README synthesizes as it stands, and without a warning."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert blocks
    # With CDK's own validation of templates, as in anybody's app.
    environment = {name: value for name, value in os.environ.items() if name != "CDK_VALIDATION"}
    scripts = [tmp_path / f"block{number}.py" for number in range(len(blocks))]
    for script, block in zip(scripts, blocks, strict=True):
        script.write_text(block)
    # One process for all of them: most of the time is its start.
    run = "import runpy, sys; [runpy.run_path(script) for script in sys.argv[1:]]"
    done = subprocess.run(
        [sys.executable, "-c", run, *map(str, scripts)],
        cwd=tmp_path, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not re.search(r"\[warning|deprecat|violation", done.stderr, re.IGNORECASE), done.stderr


def headings(document: Path) -> set[str]:
    """The anchors of a document's headings."""
    found = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize(
    "name",
    ["README.md", "CONTRIBUTING.md", "docs/guards.md", "docs/what-people-do.md", "docs/growth.md"],
)
def test_what_the_readme_links_to_is_there(name: str) -> None:
    """No link inside the repository is dead."""
    document = ROOT / name
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", document.read_text()):
        linked = document.parent / target if target else document
        assert linked.exists(), target
        assert not anchor or anchor in headings(linked), anchor
