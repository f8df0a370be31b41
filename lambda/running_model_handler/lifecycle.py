"""Create, update and delete of a running model: which steps a request takes, and how it is undone.

Every step looks at the world before it acts, so that a request which is delivered twice, or goes on in a
fresh invocation after a hand-over or a crash, begins again at the top and finds what is done already.
"""

from __future__ import annotations

from running_model_handler.bringing import Bringing
from running_model_handler.deletion import Deletion
from running_model_handler.request import CreateRequest, DeleteRequest, Request, UpdateRequest
from running_model_handler.steps import Answer
from running_model_handler.worker import Worker


def handle(request: Request, worker: Worker) -> Answer:
    """Work on a request until it can be answered; raises ``HandOverDue`` when the invocation ends before."""
    match request:
        case CreateRequest():
            return Bringing(worker, request.declared, former=None).handle(str(request.declared.arn))
        case UpdateRequest():
            return Bringing(worker, request.declared, former=request).handle(_physical_id(request))
        case DeleteRequest():
            return Deletion(worker, request).handle()


def _physical_id(request: UpdateRequest) -> str:
    return request.envelope.physical_id or str(request.declared.arn)
