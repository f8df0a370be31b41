"""The commands of the README for a real account, word for word, on the embedded AWS."""

from __future__ import annotations

import re
import subprocess

import pytest
from harness import ROOT, Deployment

pytestmark = pytest.mark.e2e


def test_deploy_to_a_real_account(deployment: Deployment) -> None:
    """Bootstrap, deploy and destroy with app.py, as a newcomer pastes them; set-up alone is left out."""
    text = (ROOT / "README.md").read_text()
    (block,) = re.findall(r"## Deploy to a real account.*?```sh\n(.*?)```", text, re.DOTALL)
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
