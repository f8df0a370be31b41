"""Nested stacks: a child is a stack like any other, but its roll-back and its clean-up belong to its parent.

MiniStack deploys a child inline, one resource after the other, and forgets what its failed create has made.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping
from typing import Any

from local_aws.corrections import ministack
from local_aws.corrections.custom_types import check_names
from local_aws.corrections.stack_record import DESCRIPTION, StackRecord

_KEPT = ("_resources", *DESCRIPTION)


def child_record(
    parent: StackRecord, logical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any] | None
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The child's record, made or taken up for an update, and the child as it was before, None for a create.

    Raises ValueError for a template that can't be read or needs more capabilities than the parent was given.
    """
    body = _template_body(str(properties.get("TemplateURL", "")))
    template = ministack.engine._parse_template(body)
    check_names(template)
    ministack.provisioners._check_nested_stack_capabilities(parent.name, template)
    given = [{"Key": key, "Value": str(value)} for key, value in (properties.get("Parameters") or {}).items()]
    parameters = ministack.engine._resolve_parameters(template, given)
    previous = None
    if before is None:
        record = _new(parent, logical_id)
    else:
        record = ministack.handlers._resolve_stack(before["PhysicalResourceId"])
        if record is None:
            raise ValueError(f"Stack [{before['PhysicalResourceId']}] does not exist")
        previous = {name: copy.deepcopy(record.get(name)) for name in _KEPT}
        record["LastUpdatedTime"] = ministack.responses.now_iso()
    record |= {
        "Description": template.get("Description", ""),
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value["Value"], "NoEcho": value["NoEcho"]}
            for key, value in parameters.items()
        ],
        "Tags": [
            {"Key": key, "Value": value}
            for key, value in ministack.provisioners._tag_map(properties.get("Tags")).items()
            if not key.startswith("aws:")
        ],
        "Capabilities": list(parent.record.get("Capabilities", [])),
        "_template": template,
        "_template_body": body,
        "_resolved_params": parameters,
        "_conditions": ministack.engine._evaluate_conditions(template, parameters),
    }
    return record, previous


def _template_body(url: str) -> str:
    body, refused = ministack.helpers._resolve_template({"TemplateURL": [url]})
    if refused is not None or not body:
        raise ValueError(f"S3 error: cannot read the template at {url}")
    return str(body)


def _new(parent: StackRecord, logical_id: str) -> dict[str, Any]:
    suffix = uuid.uuid4().hex[:12].upper()
    name = f"{parent.name}-{logical_id}"[: 128 - len(suffix) - 1] + f"-{suffix}"
    region, account = ministack.responses.get_region(), ministack.responses.get_account_id()
    now = ministack.responses.now_iso()
    record: dict[str, Any] = {
        "StackName": name,
        "StackId": f"arn:aws:cloudformation:{region}:{account}:stack/{name}/{uuid.uuid4()}",
        "StackStatus": "CREATE_IN_PROGRESS",
        "StackStatusReason": "",
        "CreationTime": now,
        "LastUpdatedTime": now,
        "Outputs": [],
        "DisableRollback": False,
        "ParentId": parent.id,
        "RootId": parent.record.get("RootId", parent.id),
        "_parent_stack_name": parent.name,
        "_region": region,
        "_resources": {},
    }
    ministack.cloudformation._stacks[name] = record
    ministack.cloudformation._stack_events[record["StackId"]] = []
    return record
