"""An AWS on this machine, to run the construct and its handler without an account.

MiniStack (CloudFormation, Lambda, IAM, S3, …) with what differs from AWS corrected, beside an emulator of
Rekognition Custom Labels. ``python -m local_aws`` starts all of it for the plain ``cdk`` and ``aws``
commands.
"""

from __future__ import annotations

TYPE_CHECKING = False
"""As typing's, for type checkers; typing itself takes a while to load, in which ctrl-C has no handler yet."""

if TYPE_CHECKING:
    from typing import Any

    from local_aws.embedded import EmbeddedAws
    from local_aws.errors import LocalAwsError
    from local_aws.journal import Answer, ApiCall, Attempt, CustomResourceRequest, Invocation
    from local_aws.switches import Switches

__all__ = [
    "Answer",
    "ApiCall",
    "Attempt",
    "CustomResourceRequest",
    "EmbeddedAws",
    "Invocation",
    "LocalAwsError",
    "Switches",
]

_HOMES = {"EmbeddedAws": "embedded", "LocalAwsError": "errors", "Switches": "switches"}


def __getattr__(name: str) -> Any:
    """Loads a public name on first use: the host process lives in this package and needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'journal')}"), name)
