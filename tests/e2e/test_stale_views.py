"""CloudFormation's answers are as old as they like: nothing leaks on the word of a view that may be old."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aws_cdk import Stack
from by_api import ByApi
from harness import Deployment
from stacks import models, set_service_timeout

from local_aws.journal import CustomResourceRequest
from rekognition_running_model import RunningModel

pytestmark = pytest.mark.e2e

FOR_GOOD = 1e9


@dataclass
class Case:
    """A stack whose deletion does not show for a while."""

    old_for_seconds: float
    service_timeout_seconds: int
    """How long CloudFormation waits for the Delete: beyond the age, where that ends."""
    deployment: Deployment
    model: str

    def build(self, stack: Stack) -> None:
        """Fills the stack."""

        def impatient(_: Stack, built: list[RunningModel]) -> None:
            set_service_timeout(built, self.service_timeout_seconds)

        models(self.model, change=impatient)(stack)

    def answered_delete(self) -> CustomResourceRequest:
        """The model's Delete, once CloudFormation waits for it no more."""
        request: list[CustomResourceRequest] = []

        def over() -> bool:
            request[:] = [one for one in self.deployment.requests() if one.request_type == "Delete"]
            return bool(request) and request[0].ended_at is not None

        self.deployment.wait_for("the end of the Delete", over)
        (found,) = request
        return found

    def ran_at(self, moment: float) -> bool:
        """Whether the model was RUNNING then."""
        intervals = self.deployment.rekognition.journal.running_intervals(self.model)
        return any(began <= moment and (ended is None or moment < ended) for began, ended, _ in intervals)


@pytest.fixture
def cases(api: ByApi, tmp_path: Path) -> Iterator[list[Case]]:
    """Three stacks that are deployed side by side; nothing of them is left behind."""
    settings, found = api.aws.rekognition.settings, []
    quota, settings.running_models_quota = settings.running_models_quota, None
    for age, service_timeout in ((15.0, 60), (60.0, 110), (FOR_GOOD, 45)):
        deployment = Deployment(api, tmp_path)
        model = deployment.model("model", start_seconds=1.0, stop_seconds=1.0)
        found.append(Case(age, service_timeout, deployment, model))
    processes = [case.deployment.start_deploy(case.build) for case in found]
    for process in processes:
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output
    yield found
    api.aws.set_switches(stale_views_of="nothing", stale_views_seconds=0.0)
    settings.running_models_quota = quota
    for case in found:
        case.deployment.leave_nothing_running()


def test_a_deletion_that_does_not_show(api: ByApi, cases: list[Case]) -> None:
    """G2: as long as CloudFormation shows the resource as it was, its Delete waits; when the deletion shows,
    the model is stopped, and where it never does, the answer is not SUCCESS while the model runs.

    All three wait side by side.
    """
    for case in cases:
        api.aws.set_switches(stale_views_of="deletion", stale_views_seconds=case.old_for_seconds)
        api.aws.client("cloudformation").delete_stack(StackName=case.deployment.name)
    for case in cases:
        delete = case.answered_delete()
        assert delete.outcome in ("SUCCESS", "FAILED")
        if delete.outcome == "SUCCESS":
            assert not case.ran_at(delete.answers[0].at), f"old for {case.old_for_seconds:g} s"
        if case.old_for_seconds < FOR_GOOD:
            assert delete.outcome == "SUCCESS", delete.answer
            assert case.deployment.rekognition.status(case.model) == "STOPPED"
