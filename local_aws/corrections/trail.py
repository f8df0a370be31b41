"""Calls of the Rekognition beside MiniStack, as CloudTrail's LookupEvents shows them (CloudTrail guide,
cloudtrail-event-reference-record-contents)."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.corrections import ministack


def record(told: Mapping[str, Any]) -> dict[str, str]:
    """Keeps one call: see ``local_aws.rekognition.trail.TrailEvent`` for its members."""
    key, now, event_id = str(told["access_key_id"]), time.time(), str(uuid.uuid4())
    ministack.responses.set_request_account_id(key)
    ministack.responses.set_request_region(None)
    identity = _identity(key)
    event = {
        "eventVersion": "1.08",
        "userIdentity": identity,
        "eventTime": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "rekognition.amazonaws.com",
        "eventName": told["operation"],
        "awsRegion": ministack.responses.get_region(),
        "sourceIPAddress": "127.0.0.1",
        "requestParameters": _in_small(told["parameters"]),
        "responseElements": _in_small(told["answer"]) or None,
        "requestID": str(uuid.uuid4()),
        "eventID": event_id,
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": identity["accountId"],
        "eventCategory": "Management",
    }
    if told["error_code"]:
        event |= {"errorCode": told["error_code"], "errorMessage": told["error_message"]}
    resource = {"ResourceType": "AWS::Rekognition::ProjectVersion", "ResourceName": told["resource_arn"]}
    ministack.cloudtrail._get_event_queue().append(
        {
            "EventId": event_id,
            "EventName": told["operation"],
            "EventSource": "rekognition.amazonaws.com",
            "EventTime": now,
            "Username": identity["arn"].rpartition("/")[2] if "/" in identity["arn"] else "root",
            "AccessKeyId": key,
            "ReadOnly": "false",
            "Resources": [resource] if told["resource_arn"] else [],
            "CloudTrailEvent": json.dumps(event),
        }
    )
    return {"event_id": event_id}


def _identity(access_key: str) -> dict[str, Any]:
    account = ministack.responses.get_account_id()
    session = ministack.sts._sessions.get(access_key)
    if session is not None:
        arn, kind = str(session.get("Arn", "")), "AssumedRole"
    elif ministack.iam_evaluator.is_root_access_key(access_key):
        arn, kind = f"arn:aws:iam::{account}:root", "Root"
    else:
        arn, kind = f"arn:aws:iam::{account}:user/{access_key}", "IAMUser"
    return {"type": kind, "arn": arn, "accountId": account, "accessKeyId": access_key}


def _in_small(members: Mapping[str, Any]) -> dict[str, Any]:
    """Names as CloudTrail spells them: ``projectVersionArn``."""
    return {name[:1].lower() + name[1:]: value for name, value in members.items()}
