"""The function behind the custom resources of these tests; it runs in a Lambda worker, never in a test.

What it does with a request stands in the resource's properties, under the request's type, all of it
optional: ``wait_for``: a file to wait for; ``seconds``: a pause; ``crashes``: how many deliveries of this
request end in an exception; ``hang``: no end; ``status``, ``id``, ``reason``, ``data``, ``no_echo``: the
answer; ``raw``: its body as it is; ``content_type``; ``silent``: no answer; ``again``: how many answers more.
``notes`` is a folder for what it remembers.
"""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


def handler(event: dict[str, Any], context: Any) -> None:
    """Does with the request what its resource says."""
    properties = event["ResourceProperties"]
    wish = properties.get(event["RequestType"], {})
    note = Path(properties["notes"]) / event["RequestId"]
    delivery = len(note.read_text()) if note.exists() else 0
    note.write_text("." * (delivery + 1))
    if delivery < int(wish.get("crashes", "0")):
        raise RuntimeError(f"crash {delivery}")
    while "wait_for" in wish and not Path(wish["wait_for"]).exists():
        time.sleep(0.02)
    time.sleep(float(wish.get("seconds", "0")))
    while "hang" in wish:
        time.sleep(1)
    if "silent" in wish:
        return
    for _ in range(1 + int(wish.get("again", "0"))):
        _answer(event, wish)


def _answer(event: dict[str, Any], wish: dict[str, Any]) -> None:
    body = wish.get("raw") or json.dumps(
        {
            "Status": wish.get("status", "SUCCESS"),
            "Reason": wish.get("reason", "as wished"),
            "RequestId": event["RequestId"],
            "StackId": event["StackId"],
            "LogicalResourceId": event["LogicalResourceId"],
            "PhysicalResourceId": wish.get("id", event.get("PhysicalResourceId", "made")),
            "Data": wish.get("data", {}),
            "NoEcho": wish.get("no_echo") == "true",
        }
    )
    headers = {"Content-Type": wish.get("content_type", "")}
    request = urllib.request.Request(  # noqa: S310 - an https URL that CloudFormation gave
        event["ResponseURL"], body.encode(), headers, method="PUT"
    )
    try:
        urllib.request.urlopen(request).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        print("refused", error.code)
