"""Warnings of the synth: what is legal, and costs money or time."""

from __future__ import annotations

from typing import Final

from aws_cdk import Annotations
from constructs import IConstruct

_PREFIX: Final = "rekognition-running-model:"
"""What every identifier begins with; they are a promise, since people acknowledge them."""


def warn(construct: IConstruct, name: str, text: str) -> None:
    """Warn, unless it is acknowledged: for the stack, or for the whole app.

    ``Annotations.of(stack).acknowledge_warning("rekognition-running-model:NAME")``
    """
    identifier = f"{_PREFIX}{name}"
    if not _is_acknowledged_for_the_app(construct, identifier):
        Annotations.of(construct).add_warning_v2(identifier, text)


def _is_acknowledged_for_the_app(construct: IConstruct, identifier: str) -> bool:
    """CDK forgets acknowledgments of the app itself for what is said later, as all that we say at the end is.

    It does know them, and drops what is said of the app. So it is asked by an information on the app, which
    no report shows. Releases about 2.269 forget them altogether; those for a stack always count.
    """
    app = construct.node.root
    before = len(app.node.metadata)
    Annotations.of(app).add_info_v2(identifier, f"asked whether it is acknowledged ({before})")
    return len(app.node.metadata) == before
