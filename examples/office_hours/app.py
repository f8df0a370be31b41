"""A model that runs in office hours, and on a day without a call no longer than two hours.

``cdk deploy -c project_version_arn=ARN``
"""

from __future__ import annotations

from aws_cdk import App, CfnOutput, Duration, Stack
from constructs import Construct

from rekognition_running_model import RunningHours, RunningModel


class OfficeHoursStack(Stack):
    """One model, which runs while somebody may be at work."""

    def __init__(self, scope: Construct, construct_id: str, *, project_version_arn: str) -> None:
        super().__init__(scope, construct_id)
        model = RunningModel(
            self,
            "Detector",
            project_version_arn=project_version_arn,
            running_hours=[
                RunningHours(days="MON-THU", start="07:00", stop="19:00", time_zone="Europe/Berlin"),
                RunningHours(days="FRI", start="07:00", stop="15:00", time_zone="Europe/Berlin"),
            ],
            stop_when_idle=Duration.hours(2),
        )
        CfnOutput(self, "Duty", value=model.running_model_duty)


if __name__ == "__main__":
    app = App()
    OfficeHoursStack(app, "OfficeHours", project_version_arn=app.node.get_context("project_version_arn"))
    app.synth()
