"""All projects and versions of one account and Region, and the only place where a status changes.

Time brings no thread: ``settle`` applies whatever became due, each change at its own moment, before anything
looks at the store. Every method expects the caller to hold ``lock``.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace

from local_aws.platform.rekognition import FAILED, RUNNING, STARTING, STOPPING, TRAINED
from local_aws.rekognition import scaling
from local_aws.rekognition.clock import Clock
from local_aws.rekognition.errors import ApiError, not_found
from local_aws.rekognition.journal import SCALING, TRANSITION, Journal
from local_aws.rekognition.paging import stamp
from local_aws.rekognition.records import DELETED, Caller, Due, Look, Project, Version
from local_aws.rekognition.scaling import Load
from local_aws.rekognition.settings import Settings

_ARN = re.compile(r"arn:[^:]+:rekognition:([^:]+):([^:]+):project/")
_ALWAYS = float("-inf")
_TIME = Caller()


class Store:
    """The state behind one emulator."""

    def __init__(
        self, *, account: str, region: str, partition: str, clock: Clock, settings: Settings
    ) -> None:
        self.account = account
        self.region = region
        self.clock = clock
        self.settings = settings
        self.lock = threading.RLock()
        self.journal = Journal(clock.now, self.settle, self.lock)
        self._prefix = f"arn:{partition}:rekognition:{region}:{account}:project"
        self._projects: dict[str, Project] = {}
        self._versions: dict[str, Version] = {}
        self._last_stamp = 0

    # --- look-up --------------------------------------------------------------------------------

    def projects(self) -> list[Project]:
        """Projects that exist, latest first."""
        found = [project for project in self._projects.values() if project.status is not None]
        return sorted(found, key=lambda project: stamp(project.arn), reverse=True)

    def versions(self, project_arn: str | None = None, *, gone: bool = False) -> list[Version]:
        """Versions of one project or of all, latest first; ``gone``: deleted ones too."""
        found = [
            version
            for version in self._versions.values()
            if project_arn in (None, version.project_arn) and (gone or version.looks.now is not None)
        ]
        return sorted(found, key=lambda version: stamp(version.arn), reverse=True)

    def project(self, arn: str) -> Project:
        """The project with this ARN; raises ResourceNotFoundException, or what a foreign ARN deserves."""
        self._ours(arn)
        project = self._projects.get(arn)
        if project is None or project.status is None:
            raise not_found(arn)
        return project

    def version(self, arn: str) -> Version:
        """The version with this ARN; raises as ``project`` does."""
        self._ours(arn)
        version = self._versions.get(arn)
        if version is None or version.looks.now is None:
            raise not_found(arn)
        return version

    def known_version(self, arn: str) -> Version | None:
        """A version that exists or once did."""
        return self._versions.get(arn)

    def _ours(self, arn: str) -> None:
        match = _ARN.match(arn)
        if match is None:
            raise not_found(arn)
        if match.group(2) != self.account:
            raise ApiError("AccessDeniedException", f"You are not authorized to access {arn}.")
        if match.group(1) != self.region:
            raise not_found(arn)

    # --- making ---------------------------------------------------------------------------------

    def stamp(self) -> int:
        """Milliseconds for a new ARN; never the same twice, so a project and its version always differ."""
        self._last_stamp = max(self._last_stamp + 1, int(self.clock.now() * 1000))
        return self._last_stamp

    def new_project_arn(self, name: str) -> str:
        """An ARN for a new project."""
        return f"{self._prefix}/{name}/{self.stamp()}"

    def new_version_arn(self, project: Project, name: str) -> str:
        """An ARN for a new version."""
        return f"{self._prefix}/{project.name}/version/{name}/{self.stamp()}"

    def put_project(self, project: Project) -> None:
        """Keep a new project."""
        self._projects[project.arn] = project

    def put_version(self, version: Version, caller: Caller) -> None:
        """Keep a new version and journal its first status."""
        self._versions[version.arn] = version
        version.load = self._first_load(version, self.clock.now())
        self._write(self.clock.now(), version, None, version.look, caller)

    # --- changing -------------------------------------------------------------------------------

    def move(
        self,
        version: Version,
        look: Look | None,
        *,
        due: Due | None = None,
        at: float | None = None,
        caller: Caller = _TIME,
    ) -> None:
        """Change a version's look; None: it is gone. ``due``: what time will make of it next."""
        moment = self.clock.now() if at is None else at
        before = version.status
        version.looks.set(look, moment)
        version.load = self._first_load(version, moment)
        version.due = due
        self._write(moment, version, before, version.look, caller)

    def settle(self) -> None:
        """Apply every change that is due by now, in the order of time."""
        with self.lock:
            now = self.clock.now()
            while True:
                due = min(self._due(now), key=lambda pair: pair[0].at, default=None)
                self._scale_until(now if due is None else due[0].at)
                if due is None:
                    return
                self._apply(*due)

    def _first_load(self, version: Version, moment: float) -> Load | None:
        look = version.look
        scales = look.status == RUNNING and (look.max_units or 0) > (look.min_units or 0)
        return Load(moment, look.min_units or 1) if scales else None

    def _scale_until(self, moment: float) -> None:
        for version in self._versions.values():
            while version.load is not None and scaling.due_at(version.load, self.settings) <= moment:
                self._scale(version, version.load, moment)

    def _scale(self, version: Version, load: Load, moment: float) -> None:
        least, most = version.look.min_units or 1, version.look.max_units or 1
        if load.calls == 0 and load.units == least:
            version.load = scaling.idle_from(load, moment, self.settings)
            return
        version.load = scaling.next_load(load, least, most, self.settings)
        if version.load.units != load.units:
            detail = {
                "units_in_service": version.load.units,
                "billed_units": self.billed_units(version.look, version.load.units),
            }
            self.journal.add(version.load.since, SCALING, "", version.arn, detail)

    def _due(self, now: float) -> Iterator[tuple[Due, Project | Version]]:
        things: list[Project | Version] = [*self._projects.values(), *self._versions.values()]
        for thing in things:
            if thing.due is not None and thing.due.at <= now:
                yield thing.due, thing

    def _apply(self, due: Due, thing: Project | Version) -> None:
        if isinstance(thing, Project):
            thing.status, thing.due = due.to, None
            return
        look = None
        if due.to is not None:
            trained = due.at if due.to == TRAINED else thing.look.training_ended
            look = replace(thing.look, status=due.to, message=due.message, training_ended=trained)
        self.move(thing, look, at=due.at)

    def _write(self, at: float, version: Version, before: str | None, look: Look, caller: Caller) -> None:
        detail: Mapping[str, object] = {
            "from": before,
            "to": look.status,
            "units": look.min_units,
            "max_units": look.max_units,
            "billed_units": self.billed_units(look),
            "message": look.message,
        }
        self.journal.add(at, TRANSITION, caller.operation, version.arn, detail, caller.principal)

    def billed_units(self, look: Look, in_service: int | None = None) -> int:
        """Units billed while a version looks like this: its minimum, or those in service if it has scaled."""
        settings = self.settings
        billed = {
            RUNNING: True,
            STARTING: settings.bill_starting,
            STOPPING: settings.bill_stopping,
            FAILED: settings.bill_failed,
            DELETED: False,
        }
        units = (look.min_units or 0) if in_service is None else in_service
        return units if billed.get(look.status, False) else 0

    def clear(self) -> None:
        """Forget every project and version."""
        self._projects.clear()
        self._versions.clear()


def since_ever() -> float:
    """The moment from which something that was put there by hand counts as having existed."""
    return _ALWAYS
