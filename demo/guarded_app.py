"""The app of ``make demo-guards``: three of the examples, with models of the embedded AWS."""

from __future__ import annotations

NAMES = ("OfficeHours", "NightlyBatch", "Preview")
"""The stacks; each takes the ARN of its model from a context key of its name."""


def main() -> None:
    """Synthesize them."""
    # The demo itself needs the names alone, and no process of CDK.
    from aws_cdk import App

    from examples.nightly_batch.app import NightlyBatchStack
    from examples.office_hours.app import OfficeHoursStack
    from examples.preview_environment.app import PreviewStack

    app = App()
    stacks = (OfficeHoursStack, NightlyBatchStack, PreviewStack)
    for name, stack in zip(NAMES, stacks, strict=True):
        stack(app, name, project_version_arn=app.node.get_context(name))
    app.synth()


if __name__ == "__main__":
    main()
