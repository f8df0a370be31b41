"""The parts of MiniStack that the corrections call: one door, so that another release shows here first.

MiniStack is neither typed nor has it a public Python API, so the corrections hold for one release.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from local_aws.errors import LocalAwsError

RELEASE = "1.5.33"

if version("ministack") != RELEASE:
    raise LocalAwsError(
        f"the corrections are for ministack {RELEASE}, found {version('ministack')}; install that one"
    )

import ministack.app as _app  # noqa: E402
import ministack.core.iam_evaluator as _iam_evaluator  # noqa: E402
import ministack.core.lambda_runtime as _lambda_runtime  # noqa: E402
import ministack.core.sigv4 as _sigv4  # noqa: E402
import ministack.services.cloudtrail as _cloudtrail  # noqa: E402
import ministack.services.cloudwatch_logs as _logs  # noqa: E402
import ministack.services.eventbridge as _eventbridge  # noqa: E402
import ministack.services.lambda_svc as _lambda_service  # noqa: E402
import ministack.services.scheduler as _scheduler  # noqa: E402
import ministack.services.sns as _sns  # noqa: E402
import ministack.services.sqs as _sqs  # noqa: E402
import ministack.services.sts as _sts  # noqa: E402
from ministack.core import concurrency as _concurrency  # noqa: E402
from ministack.core import responses as _responses  # noqa: E402
from ministack.services import cloudformation as _cloudformation  # noqa: E402
from ministack.services import iam as _iam  # noqa: E402
from ministack.services.cloudformation import changesets as _changesets  # noqa: E402
from ministack.services.cloudformation import custom_resource as _custom_resource  # noqa: E402
from ministack.services.cloudformation import engine as _engine  # noqa: E402
from ministack.services.cloudformation import handlers as _handlers  # noqa: E402
from ministack.services.cloudformation import helpers as _helpers  # noqa: E402
from ministack.services.cloudformation import provisioners as _provisioners  # noqa: E402
from ministack.services.cloudformation import stacks as _stacks  # noqa: E402

app: Any = _app
iam_evaluator: Any = _iam_evaluator
lambda_runtime: Any = _lambda_runtime
sigv4: Any = _sigv4
lambda_service: Any = _lambda_service
logs: Any = _logs
cloudtrail: Any = _cloudtrail
eventbridge: Any = _eventbridge
scheduler: Any = _scheduler
sns: Any = _sns
sqs: Any = _sqs
sts: Any = _sts
concurrency: Any = _concurrency
responses: Any = _responses
cloudformation: Any = _cloudformation
iam: Any = _iam
changesets: Any = _changesets
custom_resource: Any = _custom_resource
engine: Any = _engine
handlers: Any = _handlers
helpers: Any = _helpers
provisioners: Any = _provisioners
stacks: Any = _stacks
