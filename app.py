"""The example app: one stack that runs one model, or several, declared by context keys."""

from __future__ import annotations

import signal

if __name__ == "__main__":
    # Ctrl-C on the CDK CLI reaches this process too, which then just ends: a traceback would help nobody.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import difflib
import os
import re
import sys
from collections.abc import Callable
from typing import TypeVar

from aws_cdk import App, CfnOutput, Duration, Environment, RemovalPolicy, Stack
from constructs import Construct

from rekognition_running_model import Replacement, RunningModel
from running_model_handler.core.arn import (
    EXAMPLE_VERSION_ARN,
    ProjectVersionArn,
    parse_project_version_arn,
)

_T = TypeVar("_T")
KEYS = (
    "project_version_arn",
    "project_arn",
    "min_inference_units",
    "max_inference_units",
    "timeout_minutes",
    "poll_interval_seconds",
    "replacement",
    "check_on_every_deploy",
    "removal_policy",
    "stack_name",
)
EXAMPLE = f"cdk deploy -c project_version_arn={EXAMPLE_VERSION_ARN}"


class ContextError(ValueError):
    """A context value that can't be used; the message says what to give instead."""


class Settings:
    """What the context keys say (``cdk deploy -c KEY=VALUE``, or ``context`` in cdk.json)."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._check_keys()
        arns = self._list("project_version_arn")
        if not arns:
            raise ContextError("context key project_version_arn is missing")
        self.arns = [parse_project_version_arn(arn, name="project_version_arn") for arn in arns]
        # Also with another creation time: only one of two such versions can exist.
        if len({(arn.project_name, arn.version_name) for arn in self.arns}) < len(self.arns):
            raise ContextError("context key project_version_arn names a model twice")
        self.project_arn = self._read("project_arn")
        minimum = self._number("min_inference_units")
        self.min_inference_units = 1 if minimum is None else minimum
        self.max_inference_units = self._number("max_inference_units")
        self.timeout = self._duration("timeout_minutes", Duration.minutes)
        self.poll_interval = self._duration("poll_interval_seconds", Duration.seconds)
        self.replacement = self._choice("replacement", list(Replacement), Replacement.START_FIRST)
        self.removal_policy = self._choice(
            "removal_policy", [RemovalPolicy.DESTROY, RemovalPolicy.RETAIN], RemovalPolicy.DESTROY
        )
        self.check_on_every_deploy = self._flag("check_on_every_deploy")
        self.stack_name = self._read("stack_name") or "RunningModel"
        if not re.fullmatch("[A-Za-z][A-Za-z0-9-]{0,127}", self.stack_name):
            raise ContextError(
                "context key stack_name must be letters, digits and hyphens, beginning with a letter, "
                f"at most 128 of them, got {self.stack_name!r}"
            )

    def _check_keys(self) -> None:
        """A key that is nearly one of ours is a slip, and would be ignored without a word."""
        for key in self._app.node.get_all_context():
            near = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.85)
            if near and key not in KEYS:
                raise ContextError(f"context key {key} is unknown; did you mean {near[0]}?")

    def _read(self, key: str) -> str | None:
        value = self._app.node.try_get_context(key)
        text = "" if value is None else str(value).strip()
        return text or None

    def _list(self, key: str) -> list[str]:
        """Several values: separated by commas, or a list in cdk.json."""
        value = self._app.node.try_get_context(key)
        texts = [str(item) for item in value] if isinstance(value, list) else str(value or "").split(",")
        return [text.strip() for text in texts if text.strip()]

    def _number(self, key: str) -> int | None:
        text = self._read(key)
        if text is None:
            return None
        try:
            return int(text)
        except ValueError:
            raise ContextError(f"context key {key} must be a whole number, got {text!r}") from None

    def _duration(self, key: str, unit: Callable[[int], Duration]) -> Duration | None:
        number = self._number(key)
        if number is None:
            return None
        if number < 1:
            raise ContextError(f"context key {key} must be at least 1, got {number}")
        return unit(number)

    def _choice(self, key: str, choices: list[_T], default: _T) -> _T:
        text = self._read(key)
        if text is None:
            return default
        names = {choice.name: choice for choice in choices}  # type: ignore[attr-defined]
        if text.upper() not in names:
            raise ContextError(f"context key {key} must be one of {', '.join(names)}, got {text!r}")
        return names[text.upper()]

    def _flag(self, key: str) -> bool:
        text = (self._read(key) or "false").lower()
        if text not in ("true", "false"):
            raise ContextError(f"context key {key} must be true or false, got {text!r}")
        return text == "true"


class RunningModelStack(Stack):
    """Runs every model that the settings name."""

    def __init__(
        self, scope: Construct, construct_id: str, settings: Settings, *, env: Environment | None
    ) -> None:
        super().__init__(
            scope, construct_id, env=env, description="Runs Amazon Rekognition Custom Labels models"
        )
        single = len(settings.arns) == 1
        for arn in settings.arns:
            model_id = "Model" if single else _construct_id(arn)
            model = RunningModel(
                self,
                model_id,
                project_version_arn=str(arn),
                project_arn=settings.project_arn,
                min_inference_units=settings.min_inference_units,
                max_inference_units=settings.max_inference_units,
                timeout=settings.timeout,
                poll_interval=settings.poll_interval,
                replacement=settings.replacement,
                check_on_every_deploy=settings.check_on_every_deploy,
                removal_policy=settings.removal_policy,
            )
            # Below its model an output's logical id ends in a hash: names alone may clash ("a-b" and "ab").
            self._show(model, self if single else model, arn, settings)

    def _show(
        self, model: RunningModel, scope: Construct, arn: ProjectVersionArn, settings: Settings
    ) -> None:
        units = f"{model.running_model_min_inference_units} to {model.running_model_max_inference_units}"
        named = f"--region {arn.region} --project-version-arn {arn}"
        size = f"--min-inference-units {settings.min_inference_units}"
        if settings.max_inference_units is not None:
            size += f" --max-inference-units {settings.max_inference_units}"
        for name, value in {
            "ProjectVersionArn": model.project_version_arn,
            "Status": model.running_model_status,
            "InferenceUnits": units,
            "StopCommand": f"aws rekognition stop-project-version {named}",
            # Stopped by hand, a model is not started by the next deployment: nothing has changed.
            "StartCommand": f"aws rekognition start-project-version {named} {size}",
            "LogCommand": f"aws logs tail {model.log_group_name} --region {arn.region} --follow",
        }.items():
            shown = "at the end of the latest deployment" if name == "Status" else None
            CfnOutput(scope, name, value=value, description=shown)


def _construct_id(arn: ProjectVersionArn) -> str:
    """An id that follows from the names, so that the order of a list means nothing; no name holds a colon."""
    return f"Model:{arn.project_name}:{arn.version_name}"


def _environment() -> Environment | None:
    """The account and Region that the CLI found; without them the stack fits any."""
    account, region = os.environ.get("CDK_DEFAULT_ACCOUNT"), os.environ.get("CDK_DEFAULT_REGION")
    return Environment(account=account, region=region) if account and region else None


def main(app: App) -> int:
    """Synthesize the app; a mistake in the context is one line and exit status 1."""
    try:
        settings = Settings(app)
        RunningModelStack(app, settings.stack_name, settings, env=_environment())
    except (ValueError, RuntimeError) as error:
        message = " ".join(str(error).split())
        sys.stderr.write(f"error: {message}; for example: {EXAMPLE}\n")
        return 1
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main(App()))
