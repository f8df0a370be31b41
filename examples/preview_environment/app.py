"""A model for a preview of one branch: it stops after a working day, also where the stack is forgotten.

``cdk deploy -c project_version_arn=ARN -c branch=new-labels``
"""

from __future__ import annotations

from aws_cdk import App, CfnOutput, Duration, Stack
from constructs import Construct

from rekognition_running_model import RunningModel


class PreviewStack(Stack):
    """A model of its own for each preview: it belongs to one stack."""

    def __init__(self, scope: Construct, construct_id: str, *, project_version_arn: str) -> None:
        super().__init__(scope, construct_id)
        model = RunningModel(
            self,
            "Detector",
            project_version_arn=project_version_arn,
            stop_after=Duration.hours(8),
        )
        CfnOutput(self, "Duty", value=model.running_model_duty)


if __name__ == "__main__":
    app = App()
    PreviewStack(
        app,
        f"Preview-{app.node.get_context('branch')}",
        project_version_arn=app.node.get_context("project_version_arn"),
    )
    app.synth()
