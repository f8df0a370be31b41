"""Step Functions, as far as a waiter needs it: one task that is tried again, and one that catches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from simulator.errors import ApiError
from simulator.functions import Result

if TYPE_CHECKING:
    from simulator.requests import Request
    from simulator.world import World

TRANSITION_SECONDS: Final = 0.1


@dataclass(slots=True, eq=False)
class StateMachine:
    """``task`` with Retry on States.ALL (back-off rate 1), then Catch of States.ALL to ``catcher``."""

    arn: str
    task_arn: str
    catcher_arn: str
    interval_seconds: float
    retries_max: int
    exists: bool = True


@dataclass(slots=True, eq=False)
class Execution:
    """One run of a state machine."""

    machine: StateMachine
    payload: str
    request: Request | None
    retries: int = 0
    status: str = "RUNNING"


@dataclass(slots=True, eq=False)
class StepFunctions:
    """The service. An execution goes on until it ends, whatever CloudFormation does meanwhile."""

    world: World
    machines: dict[str, StateMachine] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)

    def create(self, machine: StateMachine) -> None:
        """A state machine comes to be."""
        self.machines[machine.arn] = machine

    def delete(self, arn: str) -> None:
        """DeleteStateMachine: its executions are terminated at their next transition."""
        self.machines.pop(arn).exists = False

    def start_execution(self, arn: str, event: Mapping[str, Any]) -> None:
        """StartExecution without a name: every call is an execution of its own."""

        def effect() -> None:
            machine = self.machines.get(arn)
            if machine is None:
                raise ApiError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
            request = self.world.current_invocation().request
            execution = Execution(machine, json.dumps(event), request)
            self.executions.append(execution)
            self.world.kernel.after(TRANSITION_SECONDS, self._try, execution)

        self.world.gateway.call("states:StartExecution", arn, effect)

    @property
    def running(self) -> list[Execution]:
        """Executions that have not ended."""
        return [execution for execution in self.executions if execution.status == "RUNNING"]

    def _try(self, execution: Execution) -> None:
        if not execution.machine.exists:
            execution.status = "FAILED"
            return
        self._invoke(execution.machine.task_arn, execution, execution.payload, self._tried)

    def _tried(self, execution: Execution, result: Result) -> None:
        machine = execution.machine
        if not result.error:
            execution.status = "SUCCEEDED"
        elif execution.retries < machine.retries_max:
            execution.retries += 1
            self.world.kernel.after(machine.interval_seconds, self._try, execution)
        elif not machine.exists:
            execution.status = "FAILED"
        else:
            cause = json.dumps({"errorMessage": result.message, "errorType": result.error})
            payload = json.dumps({"Error": result.error, "Cause": cause})
            self._invoke(machine.catcher_arn, execution, payload, self._caught)

    def _caught(self, execution: Execution, result: Result) -> None:
        execution.status = "FAILED" if result.error else "SUCCEEDED"

    def _invoke(self, arn: str, execution: Execution, payload: str, then: Any) -> None:
        def done(result: Result) -> None:
            self.world.kernel.after(TRANSITION_SECONDS, then, execution, result)

        try:
            self.world.functions.call(arn, payload, execution.request, done)
        except ApiError as error:
            done(Result(error=f"Lambda.{error.code}", raised=error.message))
