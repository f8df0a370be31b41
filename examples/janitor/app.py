"""What ends models that run for nobody: one for an account and Region.

``cdk deploy``
"""

from __future__ import annotations

from aws_cdk import App, Stack
from constructs import Construct

from rekognition_running_model import RunningModelJanitor


class JanitorStack(Stack):
    """In a stack of its own, which outlives those that it looks after."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        RunningModelJanitor(self, "Janitor")


if __name__ == "__main__":
    app = App()
    JanitorStack(app, "ModelJanitor")
    app.synth()
