"""What CloudFormation can be doing when a request comes, for the tests of what follows from it."""

from __future__ import annotations

from typing import NamedTuple

from stack_log import StackLog
from world import STACK, V1, V2, V3

from running_model_handler.core.case import Wish
from running_model_handler.core.claim import Owner
from running_model_handler.core.operation import Declaration, RequestType
from running_model_handler.core.units import InferenceUnits

ONE, TWO, THREE = InferenceUnits(1), InferenceUnits(2), InferenceUnits(3)
CREATE, UPDATE, DELETE = RequestType.CREATE, RequestType.UPDATE, RequestType.DELETE
ME = Owner(STACK, "Model")
INVENTED = "parts-Model-1A2B3C"


class Scene(NamedTuple):
    """A request, and what CloudFormation does with the stack."""

    log: StackLog
    wish: Wish


def declares(arn: str, units: InferenceUnits = ONE) -> dict[str, str]:
    """ResourceProperties."""
    return {"ProjectVersionArn": arn, "MinInferenceUnits": str(units)}


def stack() -> StackLog:
    """A stack that takes a second for each event."""
    return StackLog(STACK, lambda: 0.0, step=1.0)


def wish(
    kind: RequestType,
    declared: str | None = None,
    physical: str | None = None,
    former: str | None = None,
    units: InferenceUnits = ONE,
    former_units: InferenceUnits = ONE,
) -> Wish:
    """What a request asks for."""
    is_model = physical in (V1, V2, V3)
    return Wish(
        kind,
        ME,
        Declaration(declared, units) if declared else None,
        physical if is_model else (V1 if kind is DELETE else None),
        physical,
        Declaration(former, former_units) if former else None,
        never_answered=kind is DELETE and not is_model,
    )


def lived() -> StackLog:
    """The resource was created with V1."""
    log = stack()
    log.goes("CREATE_IN_PROGRESS")
    log.begins("CREATE", declares(V1))
    log.completes(physical_id=V1)
    log.done()
    return log


def create_under_way() -> Scene:
    """A create of V1."""
    log = stack()
    log.goes("CREATE_IN_PROGRESS")
    log.begins("CREATE", declares(V1))
    return Scene(log, wish(CREATE, V1))


def create_cancelled() -> Scene:
    """The stack turned back, and deletes what was being created."""
    log, asks = create_under_way()
    log.turns_back()
    log.begins("DELETE", declares(V1), physical_id=INVENTED)
    return Scene(log, asks)


def delete_of_a_cancelled_create() -> Scene:
    """The same, seen by the Delete."""
    return Scene(create_cancelled().log, wish(DELETE, physical=INVENTED))


def clean_up_of_a_name_that_was_invented() -> Scene:
    """A create was cancelled without a roll-back, an update has mended it; the Delete of its first name."""
    log, _ = create_under_way()
    log.fails(physical_id=INVENTED)
    log.goes("CREATE_FAILED")
    log.goes("UPDATE_IN_PROGRESS")
    log.begins("UPDATE", declares(V1))
    log.completes(physical_id=V1)
    log.cleans_up()
    log.begins("DELETE", declares(V1), physical_id=INVENTED, leftover=True)
    return Scene(log, wish(DELETE, physical=INVENTED))


def resize_under_way() -> Scene:
    """An update of V1 from one unit to two."""
    log = lived()
    log.goes("UPDATE_IN_PROGRESS")
    log.begins("UPDATE", declares(V1, TWO))
    return Scene(log, wish(UPDATE, V1, V1, V1, TWO))


def resize_turned() -> Scene:
    """The same, after the stack turned back: the forward request."""
    log, asks = resize_under_way()
    log.turns_back()
    return Scene(log, asks)


def resize_going_back() -> Scene:
    """The roll-back of the resize."""
    log, _ = resize_turned()
    log.begins("UPDATE", declares(V1))
    return Scene(log, wish(UPDATE, V1, V1, V1, ONE, TWO))


def replacement_under_way() -> Scene:
    """An update from V1 to V2."""
    log = lived()
    log.goes("UPDATE_IN_PROGRESS")
    log.begins("UPDATE", declares(V2))
    return Scene(log, wish(UPDATE, V2, V1, V1))


def replacement_turned() -> Scene:
    """The same, cancelled: the forward request."""
    log, asks = replacement_under_way()
    log.turns_back()
    return Scene(log, asks)


def failed_replacement_going_back() -> Scene:
    """The roll-back of one that failed: the physical id is still V1."""
    log, _ = replacement_turned()
    log.begins("UPDATE", declares(V1))
    return Scene(log, wish(UPDATE, V1, V1, V2))


def replaced() -> StackLog:
    """The replacement has succeeded."""
    log, _ = replacement_under_way()
    log.completes(physical_id=V2)
    return log


def done_replacement_going_back() -> Scene:
    """The roll-back of one that had succeeded: the physical id is V2."""
    log = replaced()
    log.turns_back()
    log.begins("UPDATE", declares(V1))
    return Scene(log, wish(UPDATE, V1, V2, V2))


def replacement_done() -> Scene:
    """The request of a replacement, delivered late."""
    return Scene(replaced(), wish(UPDATE, V2, V1, V1))


def clean_up() -> Scene:
    """The Delete of V1, which was replaced."""
    log = replaced()
    log.cleans_up()
    log.begins("DELETE", declares(V1), physical_id=V1, leftover=True)
    return Scene(log, wish(DELETE, physical=V1))


def deletion() -> Scene:
    """The Delete of the resource, with its stack."""
    log = lived()
    log.goes("DELETE_IN_PROGRESS")
    log.begins("DELETE", declares(V1))
    return Scene(log, wish(DELETE, physical=V1))


def removal() -> Scene:
    """The Delete of the resource alone, in the clean-up of an update."""
    log = lived()
    log.goes("UPDATE_IN_PROGRESS")
    log.cleans_up()
    log.begins("DELETE", declares(V1))
    return Scene(log, wish(DELETE, physical=V1))


def late_create() -> Scene:
    """A create, delivered again when all is done."""
    return Scene(lived(), wish(CREATE, V1))


def late_create_after_the_end() -> Scene:
    """A create, delivered again when its resource is gone."""
    log, _ = deletion()
    log.completes()
    log.done()
    return Scene(log, wish(CREATE, V1))


def create_that_was_cut_off() -> Scene:
    """A create that was cancelled with its update, without a roll-back, and is tried again after that."""
    log = stack()
    log.goes("UPDATE_IN_PROGRESS")
    log.begins("CREATE", declares(V1))
    log.fails()
    log.goes("UPDATE_FAILED")
    return Scene(log, wish(CREATE, V1))


def late_update_during_the_next() -> Scene:
    """An update to V2, delivered again while the resource is updated to V3."""
    log = replaced()
    log.done()
    log.goes("UPDATE_IN_PROGRESS")
    log.begins("UPDATE", declares(V3))
    return Scene(log, wish(UPDATE, V2, V1, V1))


def late_delete() -> Scene:
    """A Delete of V1 that has ended, delivered again."""
    log, asks = removal()
    log.completes()
    log.done()
    return Scene(log, asks)


def late_delete_of_a_retained_model() -> Scene:
    """The resource was removed, its model kept."""
    log = lived()
    log.goes("UPDATE_IN_PROGRESS")
    log.cleans_up()
    log.skips()
    return Scene(log, wish(DELETE, physical=V1))


def delete_that_does_not_show() -> Scene:
    """A Delete, while CloudFormation shows what was before."""
    return Scene(lived(), wish(DELETE, physical=V1))


def delete_of_a_former_life() -> Scene:
    """A Delete, while CloudFormation shows that the resource was made anew."""
    log, asks = late_delete()
    log.goes("UPDATE_IN_PROGRESS")
    log.begins("CREATE", declares(V1))
    log.completes(physical_id=V1)
    return Scene(log, asks)
