"""crhelper's way past 15 minutes: an EventBridge rule invokes the function every two minutes.

Source: crhelper's README ("Polling (using CloudWatch Events)"), which also names the permissions. crhelper
lies beside the function's code in the asset, as ``pip install -t`` would put it.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import crhelper
from aws_cdk import App, CustomResource, Duration, Stack, Stage
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from bench.alternatives.model import Model
from bench.alternatives.permissions import LOOK, START_AND_STOP, on_models, on_projects

CODE = Path(__file__).parent / "functions" / "crhelper_poller"


def add_models(stack: Stack, models: Sequence[Model]) -> None:
    """One function, a resource for each model."""
    function = lambda_.Function(
        stack,
        "Function",
        runtime=lambda_.Runtime.PYTHON_3_14,
        handler="index.handler",
        code=lambda_.Code.from_asset(str(_packed(stack))),
        timeout=Duration.minutes(1),
        initial_policy=[
            on_models(models, *START_AND_STOP),
            on_projects(models, *LOOK),
            iam.PolicyStatement(
                actions=[
                    "lambda:AddPermission",
                    "lambda:RemovePermission",
                    "events:PutRule",
                    "events:DeleteRule",
                    "events:PutTargets",
                    "events:RemoveTargets",
                ],
                resources=["*"],
            ),
        ],
    )
    for model in models:
        CustomResource(
            stack,
            model.construct_id,
            service_token=function.function_arn,
            resource_type="Custom::Model",
            properties=model.properties(),
        )


def _packed(stack: Stack) -> Path:
    app = Stage.of(stack)
    assert isinstance(app, App)
    folder = Path(app.asset_outdir) / "crhelper-poller"
    shutil.copytree(CODE, folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    shutil.copytree(
        Path(crhelper.__file__).parent,
        folder / "crhelper",
        ignore=shutil.ignore_patterns("__pycache__"),
        dirs_exist_ok=True,
    )
    return folder
