"""cfn-lint and cdk-nag have nothing to say, and the README's code runs."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import App, Stack, Validations
from cdk_nag import AwsSolutionsChecks
from synth_examples import ARN

from rekognition_running_model import RunningModel

ROOT = Path(__file__).parents[2]


def synthesize(folder: Path, *, nag: bool = False) -> Path:
    """A stack with two models, one of them through a look-up; the folder of its assembly."""
    app = App(outdir=str(folder))
    stack = Stack(app, "Parts")
    RunningModel(stack, "Model", project_version_arn=ARN)
    RunningModel(stack, "Other", project_version_arn=ARN.replace("v3", "v4"), max_inference_units=3)
    if nag:
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
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


def test_cdk_nag_is_clean(tmp_path: Path) -> None:
    """AwsSolutions finds nothing that is not acknowledged with its reason."""
    folder = synthesize(tmp_path / "out", nag=True)
    report = folder / "validation-report.json"
    found = json.loads(report.read_text()) if report.exists() else {}
    violations = [
        violation
        for plugin in found.get("pluginReports", [])
        for violation in plugin.get("violations", [])
        if "AwsSolutions" in violation.get("ruleName", "")
    ]
    assert violations == []


def test_cdk_nag_looks_at_all(tmp_path: Path) -> None:
    """The same check finds a wildcard that nobody has acknowledged: it is no empty promise."""
    from aws_cdk import aws_iam as iam

    app = App(outdir=str(tmp_path / "out"))
    stack = Stack(app, "Parts")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    role.add_to_policy(iam.PolicyStatement(actions=["s3:*"], resources=["*"]))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with contextlib.suppress(RuntimeError):
        app.synth()
    assert "AwsSolutions-IAM5" in (tmp_path / "out" / "validation-report.json").read_text()


def test_the_readmes_code_runs(tmp_path: Path) -> None:
    """Every Python block of the README synthesizes as it stands."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert blocks
    for number, block in enumerate(blocks):
        script = tmp_path / f"block{number}.py"
        script.write_text(block)
        subprocess.run([sys.executable, str(script)], cwd=tmp_path, check=True, capture_output=True)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_what_the_readme_links_to_is_there(name: str) -> None:
    """No link inside the repository is dead."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / name).read_text()):
        assert (ROOT / target).exists(), target
