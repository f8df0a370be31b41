"""The app of ``make demo-guards``: three of the examples, with models of the embedded AWS."""

from __future__ import annotations

from aws_cdk import App

from examples.nightly_batch.app import NightlyBatchStack
from examples.office_hours.app import OfficeHoursStack
from examples.preview_environment.app import PreviewStack

STACKS = {"OfficeHours": OfficeHoursStack, "NightlyBatch": NightlyBatchStack, "Preview": PreviewStack}
"""Each takes the ARN of its model from a context key of its name."""

if __name__ == "__main__":
    app = App()
    for name, stack in STACKS.items():
        stack(app, name, project_version_arn=app.node.get_context(name))
    app.synth()
