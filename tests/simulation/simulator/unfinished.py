"""What an operation leaves that fails without a roll-back, and the way on from there.

A failed create has no stable state and is deleted at the next operation; a failed update goes back to its
last stable state first (CFN stack-failure-options).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from simulator.deletions import Deletions
from simulator.plan import Template
from simulator.resource_steps import Change, Doomed, ResourceSteps
from simulator.stack import Resource, Stack, Standing
from simulator.steps import Step

_NOT_MADE: Final = frozenset({"CREATE_FAILED", "DELETE_FAILED"})


@dataclass(slots=True)
class Unfinished:
    """The last stable state of a stack, and what is to be deleted once it is stable again."""

    template: Template
    standings: dict[str, Standing]
    """Of its models by logical id."""
    siblings: frozenset[str]
    never_stable: bool = False
    """Whether the stack was never complete."""
    left: list[Doomed] = field(default_factory=list)
    """Former ids of what was replaced, and ids that answers named which did not count."""

    @classmethod
    def of_create(cls) -> Unfinished:
        """A create has no state before it."""
        return cls(Template(), {}, frozenset(), never_stable=True)

    def with_left(self, left: list[Doomed]) -> Unfinished:
        """The same with other things to be deleted."""
        return Unfinished(self.template, self.standings, self.siblings, self.never_stable, left)

    def changes(self, stack: Stack) -> list[Change]:
        """What has become of its models since, as changes that were begun."""
        changes = []
        for name, standing in self.standings.items():
            resource = stack.resources[name]
            same = resource.properties == standing.properties and resource.physical_id == standing.physical_id
            if resource.declared is None or (same and resource.status != "UPDATE_FAILED"):
                continue
            change = Change(
                resource,
                dict(standing.properties),
                standing.physical_id,
                standing.declared,
                dict(resource.properties),
                resource.declared,
                begun=True,
                done=resource.physical_id != standing.physical_id,
            )
            changes.append(change)
        return changes

    def created(self, stack: Stack) -> list[Resource]:
        """What was made since."""
        known = self.siblings.union(self.standings)
        return [each for name, each in stack.resources.items() if each.exists and name not in known]


def snapshot(stack: Stack, template: Template) -> Unfinished:
    """The state of a stack at rest."""
    living = [resource for resource in stack.resources.values() if resource.exists]
    standings = {
        each.logical_id: Standing(each.properties, each.declared, each.physical_id or "")
        for each in living
        if each.declared is not None
    }
    siblings = frozenset(each.logical_id for each in living if each.declared is None)
    return Unfinished(template, standings, siblings)


def mending_steps(stack: Stack, make: ResourceSteps, deletions: Deletions, left: list[Doomed]) -> list[Step]:
    """What an operation does first with what failed before it."""
    steps = []
    for resource in list(stack.resources.values()):
        if resource.exists and resource.status in _NOT_MADE:
            steps.append(make.delete_one(deletions.of(resource)))
        elif resource.status == "UPDATE_FAILED" and not (
            stack.plan.mends_at_once and resource.declared is not None
        ):
            steps.append(make.to_stable(resource, left))
    return steps
