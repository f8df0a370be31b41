"""The README at its word, on the embedded AWS: its example, and its commands for a real account."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from by_cli import ROOT
from harness import Deployment

pytestmark = [pytest.mark.e2e, pytest.mark.real_cli]
README = (ROOT / "README.md").read_text()


def test_the_example_detects_a_label(deployment: Deployment, tmp_path: Path) -> None:
    """The first example, with an ARN and a stack name of this test: the log names what a picture shows."""
    block = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    arn = deployment.model("v1", labels=["scratch"])
    script, folder = tmp_path / "example.py", tmp_path / "cdk.out"
    named = block.replace('"Parts"', f'"{deployment.name}"')
    script.write_text(re.sub(r"arn:aws:rekognition:[^\"]+", arn, named))
    sources = f"{ROOT / 'constructs'}:{ROOT / 'lambda'}"
    environment = deployment.cdk.environment | {"CDK_OUTDIR": str(folder), "PYTHONPATH": sources}
    subprocess.run([sys.executable, str(script)], env=environment, check=True)
    deployment.assemblies.append(folder)
    outcome = deployment.cdk.deploy(folder, deployment.name)
    assert outcome.code == 0, outcome.output
    bucket = deployment.physical_id("Pictures", "AWS::S3::Bucket")
    deployment.aws.client("s3").put_object(Bucket=bucket, Key="plate 7.png", Body=deployment.picture())
    inspector = deployment.physical_id("Inspector", "AWS::Lambda::Function")
    deployment.wait_for("the label", lambda: "plate 7.png ['scratch']" in deployment.log_of(inspector))


def test_deploy_to_a_real_account(deployment: Deployment) -> None:
    """Bootstrap, deploy and destroy with app.py, as a newcomer pastes them; set-up alone is left out."""
    (block,) = re.findall(r"## Deploy to a real account.*?```sh\n(.*?)```", README, re.DOTALL)
    arn = deployment.model("v1")
    pasted = re.sub(r"arn:aws:rekognition:\S+", arn, block).replace("make setup\n", "set -eu\n")
    commands = [line for line in pasted.splitlines() if line.startswith("cdk ")]
    assert [command.split()[1] for command in commands] == ["bootstrap", "deploy", "destroy"]
    seen = [deployment.rekognition.status(arn)]
    before, _, destroy = pasted.partition("cdk destroy")
    for part in (before, before.partition("cdk bootstrap")[0] + "cdk destroy" + destroy):
        done = subprocess.run(
            ["bash", "-c", part],
            cwd=ROOT,
            # What a person answers with y.
            env=deployment.cdk.environment | {"CDK_REQUIRE_APPROVAL": "never", "CDK_FORCE": "true"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        seen.append(deployment.rekognition.status(arn))
    assert seen == ["TRAINING_COMPLETED", "RUNNING", "STOPPED"]
