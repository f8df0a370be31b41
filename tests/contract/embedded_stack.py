"""Plays a course on the embedded AWS."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError
from course import RESOURCE, SIBLING, STACK, Course, Deploy, Destroy, Says, Seen, told

from local_aws import CustomResourceRequest, EmbeddedAws

_MODES: Final[dict[str, dict[str, Any]]] = {
    "standard": {},
    "no roll-back": {"DisableRollback": True},
    "express": {"DeploymentConfig": {"Mode": "EXPRESS"}},
    "do nothing": {"OnFailure": "DO_NOTHING"},
    "delete": {"OnFailure": "DELETE"},
}
_LATE_SECONDS, _PATIENCE_SECONDS = 2.0, 60.0
_STAYS: Final = {"Stays": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}


class EmbeddedStack:
    """One stack on a running embedded AWS. ``folder`` is for the scripts of its resources."""

    def __init__(self, aws: EmbeddedAws, function_arn: str, name: str, folder: Path) -> None:
        self._aws = aws
        self._function_arn = function_arn
        self._name = name
        self._folder = folder
        self._cloudformation = aws.client("cloudformation")
        self._id = ""
        self._resource: dict[str, Any] = {}

    def play(self, course: Course) -> Seen:
        """The whole course, in real time."""
        if not course.switches:
            return self._play(course)
        usual = self._aws.set_switches().as_dict()
        self._aws.set_switches(**course.switches)
        try:
            return self._play(course)
        finally:
            self._aws.set_switches(**usual)

    def _play(self, course: Course) -> Seen:
        numbers = range(max(course.answers, default=-1) + 2)
        answers = [course.answer(number) for number in numbers]
        short = {"ServiceTimeout": "1"} if course.has_silence else {}
        self._resource = self._custom(RESOURCE, answers, short)
        for operation in course.operations:
            if isinstance(operation, Deploy):
                self._deploy(operation)
            elif isinstance(operation, Destroy):
                self._destroy()
            else:
                self._roll_back()
        return self._seen()

    def _custom(self, name: str, answers: list[Says], properties: Mapping[str, Any]) -> dict[str, Any]:
        script = self._folder / name
        script.mkdir()
        told_to = [
            {
                "status": one.status,
                "id": one.id,
                "seconds": _LATE_SECONDS if one.late else 0.0,
                "silent": one.silent,
                "crashes": one.crashes,
                "changes": dict(one.changes),
            }
            for one in answers
        ]
        (script / "answers.json").write_text(json.dumps(told_to))
        common = {"ServiceToken": self._function_arn, "script": str(script)}
        return {"Type": "Custom::Scripted", "Properties": common | dict(properties)}

    def _template(self, deploy: Deploy) -> str:
        resources: dict[str, Any] = dict(_STAYS)
        if not deploy.gone:
            properties = self._resource["Properties"] | {"Size": str(deploy.size)}
            if deploy.timeout is not None:
                properties["ServiceTimeout"] = deploy.timeout
            kept = {"DeletionPolicy": "RetainExceptOnCreate"} if deploy.retained else {}
            resources[RESOURCE] = self._resource | {"Properties": properties} | kept
        if deploy.sibling == "fails":
            resources[SIBLING] = self._custom(SIBLING, [Says("FAILED"), Says()], {})
        elif deploy.sibling == "fails late":
            # It is of another type by now, and no update can change that.
            resources[SIBLING] = {"Type": "AWS::SNS::Topic", "DependsOn": RESOURCE}
        elif deploy.sibling:
            resources[SIBLING] = {**_STAYS["Stays"], "DependsOn": RESOURCE}
        return json.dumps({"Resources": resources})

    def _deploy(self, deploy: Deploy) -> None:
        if deploy.unhurried:
            _until("every answer", lambda: all(one.answers for one in self._requests()))
        options = {"TemplateBody": self._template(deploy), **_MODES[deploy.mode]}
        sent = len(self._requests())
        if not self._id:
            made = self._cloudformation.create_stack(StackName=self._name, **options)
            self._id = str(made["StackId"])
        else:
            try:
                self._cloudformation.update_stack(StackName=self._id, **options)
            except ClientError as error:
                if "No updates are to be performed" not in str(error):
                    raise
        if deploy.interrupted:
            _until("the request", lambda: len(self._requests()) > sent)
            self._cloudformation.cancel_update_stack(StackName=self._id)
        self._settle()
        if deploy.skipping and self._status() == "UPDATE_ROLLBACK_FAILED":
            self._cloudformation.continue_update_rollback(StackName=self._id, ResourcesToSkip=[RESOURCE])
            self._settle()

    def _destroy(self) -> None:
        self._cloudformation.delete_stack(StackName=self._id)
        self._settle()
        if self._status() == "DELETE_FAILED":
            self._cloudformation.delete_stack(StackName=self._id)
            self._settle()

    def _roll_back(self) -> None:
        try:
            self._cloudformation.rollback_stack(StackName=self._id)
        except ClientError as error:
            if "EXPRESS" not in str(error):
                raise
        self._settle()

    def _status(self) -> str:
        return str(self._cloudformation.describe_stacks(StackName=self._id)["Stacks"][0]["StackStatus"])

    def _settle(self) -> None:
        _until("the end of the operation", lambda: not self._status().endswith("_IN_PROGRESS"))

    def _requests(self) -> list[CustomResourceRequest]:
        return self._aws.requests_of(RESOURCE, stack_id=self._id)

    def _seen(self) -> Seen:
        requests = self._requests()
        pages = self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=self._id)
        events = [event for page in pages for event in page["StackEvents"]][::-1]
        names = {self._name: STACK, RESOURCE: RESOURCE, SIBLING: SIBLING}
        shown = [
            (names[one["LogicalResourceId"]], str(one["ResourceStatus"]))
            for one in events
            # The second of a create tells its physical id.
            if one["LogicalResourceId"] in names
            and one.get("ResourceStatusReason") != "Resource creation Initiated"
        ]
        known = {"SUCCESS": "SUCCESS", "FAILED": "FAILED"}
        return Seen(
            [self._told(one) for one in requests],
            [known.get(one.outcome, "no answer") for one in requests],
            shown,
            [self._fields(one) for one in requests],
        )

    def _fields(self, request: CustomResourceRequest) -> frozenset[str]:
        script = Path(request.properties["script"])
        return frozenset(json.loads((script / f"fields-{request.request_id}").read_text()))

    def _told(self, request: CustomResourceRequest) -> str:
        former = request.old_properties
        return told(
            request.request_type,
            request.properties["Size"],
            former["Size"] if former is not None else None,
            request.physical_id,
            is_invented=(request.physical_id or "").startswith(f"{self._name}-{RESOURCE}-"),
        )


def _until(what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.03)
