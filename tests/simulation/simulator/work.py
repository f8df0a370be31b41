"""What an update has to do: the template that is to be, held against what is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.plan import Declared, Sibling, Template
from simulator.resource_steps import Change, Doomed
from simulator.stack import Resource, Stack

if TYPE_CHECKING:
    from simulator.world import World


@dataclass(slots=True)
class Work:
    """Changes of models and siblings."""

    changes: list[Change] = field(default_factory=list)
    added: list[tuple[str, Declared]] = field(default_factory=list)
    removed: list[Resource] = field(default_factory=list)
    siblings: list[tuple[str, Sibling]] = field(default_factory=list)
    new_siblings: list[tuple[str, Sibling]] = field(default_factory=list)

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.changes or self.added or self.removed or self.siblings)

    def refused(self) -> list[Doomed]:
        """Physical ids that answers named which did not count."""
        return [
            Doomed(change.resource, other, change.wanted, is_the_resource=False)
            for change in self.changes
            for other in change.other_ids
        ]


def difference(world: World, stack: Stack, template: Template, *, mends: bool = False) -> Work:
    """What is to be done; where an operation is mended, siblings that were never made as well."""
    work = Work()
    wanted = dict(template.models)
    for name, declared in template.models:
        resource = stack.resources.get(name)
        if resource is None or not resource.exists or resource.declared is None:
            work.added.append((name, declared))
            continue
        model = world.plan.models[declared.model]
        properties = world.deployment.properties_of(declared, model, stack.plan)
        if properties == dict(resource.properties) and resource.status != "UPDATE_FAILED":
            resource.declared = declared
            continue
        work.changes.append(_change(resource, resource.declared, properties, declared))
    work.removed = [
        resource
        for name, resource in stack.resources.items()
        if resource.declared is not None and resource.exists and name not in wanted
    ]
    for name, sibling in template.siblings:
        known = stack.resources.get(name)
        if known is not None and (known.exists or not mends):
            if sibling.update_seconds is not None:
                work.siblings.append((name, sibling))
        elif mends:
            work.new_siblings.append((name, sibling))
    return work


def _change(resource: Resource, former: Declared, properties: dict[str, str], declared: Declared) -> Change:
    old: Mapping[str, str] = resource.properties
    if properties == dict(old) and resource.stable is not None:
        # It failed to become what it is to be: that is still a change of what it was.
        old, former = resource.stable.properties, resource.stable.declared
    return Change(resource, dict(old), resource.physical_id or "", former, properties, declared)
