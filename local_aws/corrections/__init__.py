"""Where MiniStack differs from AWS in a way that would hide a fault of ours: corrected, here and nowhere else."""

from __future__ import annotations

from typing import Any

from local_aws.corrections.admin import Admin
from local_aws.switches import Switches


def corrected_app(switches: Switches) -> Any:
    """MiniStack's ASGI application with every correction in place. To be called once, in the host process."""
    from ministack import app as ministack_app

    return Admin(switches).wrapped_around(ministack_app.app)
