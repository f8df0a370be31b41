"""What only some of the releases of aws-cdk-lib do that are allowed."""

from __future__ import annotations

from aws_cdk import Annotations as Notes
from aws_cdk import App


def remembers_acknowledgments_of_apps() -> bool:
    """Early releases of CDK forget what is acknowledged for an app itself."""
    app = App()
    Notes.of(app).acknowledge_warning("test")
    Notes.of(app).add_info_v2("test", "said")
    return not app.node.metadata
