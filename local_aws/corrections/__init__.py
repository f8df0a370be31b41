"""Where MiniStack differs from AWS in a way that would hide a fault of ours: corrected, here and nowhere
else.

Each module has one topic and says what MiniStack does, what AWS does, and who says so. MiniStack's functions
are called, not copied; those that are wrong for our purpose are replaced by ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local_aws.switches import Switches

if TYPE_CHECKING:
    from local_aws.corrections.operations import Operations


def corrected_app(switches: Switches) -> Any:
    """MiniStack's ASGI application with every correction in place. To be called once, in the host process."""
    from local_aws.corrections import lambda_limits, lambda_logs, lambda_workers, ministack
    from local_aws.corrections.access import Access
    from local_aws.corrections.admin import Admin
    from local_aws.corrections.custom_resources import CustomResources
    from local_aws.corrections.lambda_invocations import LambdaInvocations
    from local_aws.corrections.operations import Operations
    from local_aws.corrections.provisioning import Provisioner
    from local_aws.corrections.recorder import Recorder
    from local_aws.corrections.refusing import Refusing
    from local_aws.corrections.schedules import Schedules
    from local_aws.corrections.stale_views import StaleViews
    from local_aws.refusals import Refusals

    recorder = Recorder()
    access = Access(recorder, switches)
    access.install()
    lambda_workers.install()
    lambda_logs.install()
    lambda_limits.install(switches)
    invocations = LambdaInvocations(recorder, switches)
    invocations.install()
    custom_resources = CustomResources(recorder, switches, invocations)
    operations = Operations(Provisioner(custom_resources, access), switches)
    operations.install()
    _correct_actions(operations)
    Schedules().install()
    StaleViews(switches, access).install()
    refusals = Refusals()
    admin = Admin(recorder, switches, access, custom_resources, refusals)
    return admin.wrapped_around(Refusing(ministack.app.app, refusals))


def _correct_actions(operations: Operations) -> None:
    """CloudFormation's actions. Later corrections stand around earlier ones, and see a request first."""
    from local_aws.corrections import admission, change_sets, custom_types, descriptions, exports
    from local_aws.corrections.refactoring import Refactoring

    custom_types.install()
    change_sets.install()
    exports.install()
    Refactoring().install()
    descriptions.install(operations)
    admission.install(operations)
