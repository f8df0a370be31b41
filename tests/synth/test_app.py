"""app.py as a person uses it: context in, a template or one readable line out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from synth_examples import ARN, PROJECT

from app import main

ROOT = Path(__file__).parents[2]
NAMES = ("a-b/version/v1", "ab/version/v1", "a/version/b-v1", "a_b/version/v1", "a.b/version/v1")


def run(folder: Path, **context: Any) -> subprocess.CompletedProcess[str]:
    """Run app.py as the CDK CLI does."""
    environment = dict(os.environ) | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "CDK_CONTEXT_JSON": json.dumps(context),
        "CDK_OUTDIR": str(folder),
        "CDK_DEFAULT_ACCOUNT": "123456789012",
        "CDK_DEFAULT_REGION": "eu-west-1",
    }
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def template(folder: Path, stack: str = "RunningModel") -> dict[str, Any]:
    """The synthesized template."""
    return dict(json.loads((folder / f"{stack}.template.json").read_text()))


def test_every_context_key_counts(tmp_path: Path) -> None:
    """All keys of the README, as the CLI hands them over."""
    done = run(
        tmp_path,
        project_version_arn=ARN,
        project_arn=PROJECT,
        min_inference_units="2",
        max_inference_units="3",
        timeout_minutes="20",
        poll_interval_seconds="10",
        replacement="stop_first",
        check_on_every_deploy="true",
        removal_policy="retain",
        stack_name="Parts",
    )
    assert done.returncode == 0, done.stderr
    found = template(tmp_path, "Parts")
    (model,) = (r for r in found["Resources"].values() if r["Type"].startswith("Custom::"))
    properties = model["Properties"]
    assert properties["ProjectArn"] == PROJECT
    assert (properties["MinInferenceUnits"], properties["MaxInferenceUnits"]) == (2, 3)
    assert (properties["TimeoutSeconds"], properties["PollIntervalSeconds"]) == (1200, 10)
    assert properties["Replacement"] == "STOP_FIRST"
    assert model["DeletionPolicy"] == "RetainExceptOnCreate"
    assert "Deployment" in properties
    outputs = found["Outputs"]
    about = {"ProjectVersionArn", "Status", "InferenceUnits"}
    assert set(outputs) == about | {"StopCommand", "StartCommand", "LogCommand"}
    named = f"--region eu-west-1 --project-version-arn {ARN}"
    size = "--min-inference-units 2 --max-inference-units 3"
    assert outputs["StopCommand"]["Value"] == f"aws rekognition stop-project-version {named}"
    assert outputs["StartCommand"]["Value"] == f"aws rekognition start-project-version {named} {size}"
    assert "latest deployment" in outputs["Status"]["Description"]
    (log_group,) = (name for name, r in found["Resources"].items() if r["Type"] == "AWS::Logs::LogGroup")
    assert {"Ref": log_group} in outputs["LogCommand"]["Value"]["Fn::Join"][1]


def test_names_that_differ_in_punctuation_alone_are_told_apart() -> None:
    """CDK strips punctuation from logical ids."""
    arns = [ARN.replace("/parts/version/v3/", f"/{names}/") for names in NAMES]
    for value in (arns, ",".join(arns)):
        app = App(context={"project_version_arn": value})
        assert main(app) == 0
        (stack,) = app.synth().stacks
        models = [r for r in stack.template["Resources"].values() if r["Type"].startswith("Custom::")]
        assert {model["Properties"]["ProjectVersionArn"] for model in models} == set(arns)
        assert len(stack.template["Outputs"]) == 6 * len(arns)


def test_the_order_of_several_models_means_nothing(tmp_path: Path) -> None:
    """Ids follow from the names, so a list in another order changes no resource."""
    other = ARN.replace("v3", "v4")
    found = []
    for number, value in enumerate((f"{ARN},{other}", f" {other} , {ARN} ")):
        folder = tmp_path / str(number)
        assert main(App(outdir=str(folder), context={"project_version_arn": value})) == 0
        found.append(template(folder))
    assert set(found[0]["Resources"]) == set(found[1]["Resources"])
    assert len(found[0]["Outputs"]) == 12


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ({}, "project_version_arn is missing"),
        ({"project_version_arn": "  "}, "project_version_arn is missing"),
        ({"project_version_arn": " , "}, "project_version_arn is missing"),
        ({"project_version_arn": "nonsense"}, "must be the ARN of a project version"),
        ({"project_version_arn": f"{ARN},{ARN}"}, "names a model twice"),
        ({"project_version_arn": f"{ARN},{ARN}1"}, "names a model twice"),
        ({"project_version_arn": f"{ARN},{ARN.replace('v3', '')}"}, "must be the ARN of a project version"),
        ({"project_version_arn": ARN.replace("eu-west-1", "us-east-1")}, "Region of its stack"),
        ({"project_version_arn": ARN, "min_inference_units": "two"}, "must be a whole number, got 'two'"),
        ({"project_version_arn": ARN, "min_inference_units": "0"}, "min_inference_units"),
        ({"project_version_arn": ARN, "max_inference_units": "0"}, "max_inference_units"),
        ({"project_version_arn": ARN, "timeout_minutes": "56"}, "timeout must be"),
        ({"project_version_arn": ARN, "timeout_minutes": "0"}, "timeout_minutes must be at least 1"),
        ({"project_version_arn": ARN, "poll_interval_seconds": "61"}, "poll_interval"),
        ({"project_version_arn": ARN, "replacement": "sideways"}, "one of START_FIRST, STOP_FIRST"),
        ({"project_version_arn": ARN, "removal_policy": "keep"}, "one of DESTROY, RETAIN"),
        ({"project_version_arn": ARN, "check_on_every_deploy": "maybe"}, "must be true or false"),
        ({"project_version_arn": ARN, "stack_name": "no spaces"}, "stack_name"),
        ({"project_version_arn": ARN, "min_inference_unit": "2"}, "min_inference_units"),
    ],
)
def test_fails_when_the_context_is_wrong_in_one_line(
    context: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake is one line with what to give instead, and status 1."""
    monkeypatch.setenv("CDK_DEFAULT_ACCOUNT", "123456789012")
    monkeypatch.setenv("CDK_DEFAULT_REGION", "eu-west-1")
    assert main(App(context=context)) == 1
    check_line(capsys.readouterr().err, words)


def test_the_cli_shows_that_line_and_no_traceback(tmp_path: Path) -> None:
    """The same in a process of its own, as the CDK CLI runs it."""
    done = run(tmp_path)
    assert done.returncode == 1
    check_line(done.stderr, "project_version_arn is missing")
    assert not list(tmp_path.iterdir())


def check_line(text: str, words: str) -> None:
    """One line that says what is wrong, and shows what is right."""
    lines = [line for line in text.splitlines() if line]
    assert len(lines) == 1, text
    assert lines[0].startswith("error: ")
    assert words in lines[0]
    assert "cdk deploy -c" in lines[0]
