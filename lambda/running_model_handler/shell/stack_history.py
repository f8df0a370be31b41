"""What CloudFormation remembers of a stack since a certain time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from running_model_handler.core.operation import ResourceView, StackEvent
from running_model_handler.core.orphans import History
from running_model_handler.shell.cloudformation import CloudFormationStacks

_BEGIN: Final = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"})


class StackHistories(Protocol):
    """What the janitor needs of CloudFormation. Every method raises ``ServiceError``."""

    def resource(self, stack_id: str, logical_id: str) -> ResourceView | None:
        """A resource as DescribeStackResource shows it; None if it, or its stack, does not exist."""

    def history(self, stack_id: str, since: float | None) -> History:
        """The events back to a time, and to the begin of the last operation; None for all of them."""


class CloudFormationHistories(CloudFormationStacks):
    """``StackHistories`` on a boto3 client."""

    _goes_on = False
    """Whether there is a page after the last one that was asked for."""
    _received = 0
    """How many events of the stack its pages held; those of the last one may be too many to be read."""

    def history(self, stack_id: str, since: float | None) -> History:
        """See ``StackHistories``; as far as fifty pages reach."""
        events: list[StackEvent] = []
        begun, self._received = False, 0
        for event in self._events(stack_id):
            events.append(event)
            begun = begun or (event.physical_id == stack_id and event.status in _BEGIN)
            if begun and since is not None and event.at < since:
                return History(tuple(events))
        return History(tuple(events), whole=not self._goes_on and len(events) == self._received)

    def _page_of_events(self, stack_id: str, **following: str) -> Mapping[str, Any] | None:
        page = super()._page_of_events(stack_id, **following)
        self._goes_on = bool(page and page.get("NextToken"))
        self._received += sum(each.get("StackId") == stack_id for each in (page or {}).get("StackEvents", []))
        return page
