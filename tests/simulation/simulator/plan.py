"""What a history is made of, as data: it can be drawn from a seed, printed, and made smaller."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from local_aws.platform import aws_lambda, cloudformation, rekognition
from running_model_handler.core.names import ReplacementMode

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-west-1"
FUNCTION_NAME: Final = "provider"


# Asked for at every call, a hundred times in a history.
@lru_cache(maxsize=256)
def _version_arn(project: str, name: str) -> str:
    return f"arn:aws:rekognition:{REGION}:{ACCOUNT}:project/{project}/version/{name}/1691099674800"


@lru_cache(maxsize=256)
def _stack_id(name: str, life: int) -> str:
    return (
        f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/"
        f"{sum(map(ord, name)):08x}-2222-3333-4444-{555555555555 + life}"
    )


class StartEnd(StrEnum):
    """How a start ends."""

    RUNNING = "RUNNING"
    FAILED = "FAILED"
    NEVER = "NEVER"


@dataclass(frozen=True, slots=True)
class Start:
    """One start of a model: how it ends, and after how many seconds."""

    end: StartEnd
    seconds: float


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """A project version, and how it behaves."""

    name: str
    project: str
    status: str = "TRAINING_COMPLETED"
    starts: tuple[Start, ...] = (Start(StartEnd.RUNNING, 120.0),)
    """The first start, the second one, …; the last one stands for all that follow."""
    stop_seconds: float = 30.0
    stop_while_starting: bool = rekognition.STOP_WHEN_STARTING
    """Whether StopProjectVersion is taken while the model starts; not documented."""
    start_when_failed: bool = rekognition.START_WHEN_FAILED
    """Whether StartProjectVersion is taken in FAILED; not documented."""
    shows_units_at_rest: bool = rekognition.SHOWS_UNITS_AT_REST
    message: str = ""
    feature: str = "CUSTOM_LABELS"
    start_when_copied: bool = rekognition.START_WHEN_COPIED
    """Whether StartProjectVersion is taken in COPYING_COMPLETED; not documented."""
    stop_when_failed: bool = rekognition.STOP_WHEN_FAILED
    """Whether StopProjectVersion is taken in FAILED; not documented."""
    also_startable: tuple[str, ...] = ()
    """Further statuses in which StartProjectVersion is taken; none is documented."""
    also_stoppable: tuple[str, ...] = ()
    """The same of StopProjectVersion."""
    start_when_running: bool = rekognition.START_WHEN_RUNNING
    """Whether StartProjectVersion of what starts or runs is taken, without effect; not documented."""
    stop_when_stopped: bool = rekognition.STOP_WHEN_STOPPED
    """Whether StopProjectVersion of what stops or has stopped is taken, without effect; not documented."""
    wrong_status_error: str = rekognition.WRONG_STATUS
    """The error of a call that the status forbids; not documented."""
    tagging_refused_while: tuple[str, ...] = ()
    """Statuses in which tags cannot be changed; none is documented."""

    @property
    def arn(self) -> str:
        """The ARN of the version."""
        return _version_arn(self.project, self.name)

    @property
    def project_arn(self) -> str:
        """The ARN of its project, which ends in another time."""
        return f"arn:aws:rekognition:{REGION}:{ACCOUNT}:project/{self.project}/1690734433420"


@dataclass(frozen=True, slots=True)
class Guarded:
    """The guards of a running model, as its properties tell them; None and empty: not declared."""

    hours: str = ""
    lead_seconds: int | None = None
    stop_after_seconds: int | None = None
    idle_seconds: int | None = None
    empty_seconds: int | None = None
    """With a queue: for so long it has to be empty."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A running model in a template."""

    model: int
    """Index of the model in the plan."""
    units: int = 1
    max_units: int | None = None
    timeout_seconds: int = 3300
    poll_seconds: int = 10
    replacement: ReplacementMode = ReplacementMode.START_FIRST
    with_project_arn: bool = False
    retained: bool = False
    guarded: Guarded | None = None


@dataclass(frozen=True, slots=True)
class Sibling:
    """A resource beside the models: it takes its time, and can fail."""

    create_seconds: float = 5.0
    create_fails: bool = False
    update_seconds: float | None = None
    """None: the update does not change it."""
    update_fails: bool = False
    after_models: bool = False
    """It refers to the models: created after them, deleted before them."""
    failing_roll_backs: int = 0
    """How often it does not go back when an update is rolled back; then it does."""
    roll_back_seconds: float = 0.0
    """How long each of these tries takes."""


@dataclass(frozen=True, slots=True)
class Template:
    """What a deployment declares."""

    models: tuple[tuple[str, Declared], ...] = ()
    siblings: tuple[tuple[str, Sibling], ...] = ()


class Verb(StrEnum):
    """What a user does to a stack."""

    DEPLOY = "deploy"
    DELETE = "delete"
    ROLL_BACK = "roll back"
    """RollbackStack (``cdk rollback``) of what failed without a roll-back."""


class OnFailure(StrEnum):
    """What a failed create leads to (CreateStack, OnFailure)."""

    ROLLBACK = "ROLLBACK"
    DELETE = "DELETE"
    DO_NOTHING = "DO_NOTHING"


class Mode(StrEnum):
    """How a user lets CloudFormation deploy or delete."""

    STANDARD = "standard"
    NO_ROLL_BACK = "no roll-back"
    """``--no-rollback``, "preserve successfully provisioned resources", DisableRollback: what fails stays as
    it is, in creates and in updates."""
    EXPRESS = "express"
    """``--express``: no roll-back either, and nothing but custom resources is waited for."""


class View(StrEnum):
    """What of a stack CloudFormation shows."""

    RESOURCE = "DescribeStackResource"
    EVENTS = "DescribeStackEvents"
    STACK = "DescribeStacks"


FOREVER: Final = 1e9
"""Seconds; longer than any history."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """Answers that stay as they were before an operation, although it is under way."""

    seconds: float
    """Since the operation, or the request, began; ``FOREVER``: as long as it lasts."""
    views: tuple[View, ...] = tuple(View)
    each_request: bool = False
    """Each request of the operation anew, as it was before that began: what came before it shows."""


class LastResort(StrEnum):
    """What a user does in the end about a roll-back that fails time and again."""

    SKIP = "skip"
    """Continues it without the resources that do not go back, which counts as if they had."""
    DELETE = "delete"
    """Leaves it at UPDATE_ROLLBACK_FAILED, and deletes the stack when it is to be deleted."""


@dataclass(frozen=True, slots=True)
class Continued:
    """What a user does about a roll-back that fails (ContinueUpdateRollback)."""

    retries: int = 1
    """How often it is continued as it is."""
    pause_seconds: float = 300.0
    """After each failure."""
    skips: tuple[str, ...] = ()
    """Resources that are skipped first, where they are among those that failed; empty: all of these."""
    last_resort: LastResort = LastResort.SKIP


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a user does."""

    verb: Verb
    template: Template = Template()
    pause_seconds: float = 60.0
    """From the end of the operation before."""
    interrupt_after: float | None = None
    """Seconds after which the user ends it: an update is cancelled, a create is deleted."""
    on_failure: OnFailure = OnFailure.ROLLBACK
    mode: Mode = Mode.STANDARD
    frozen: Frozen | None = None
    continued: Continued = Continued()


@dataclass(frozen=True, slots=True)
class StackPlan:
    """A stack, and what its users do, one thing after the other."""

    name: str
    begins: float
    operations: tuple[Operation, ...]
    rolls_back_replacements_by_update: bool = cloudformation.ROLLED_BACK_REPLACEMENT == "update"
    """Whether a finished replacement that is rolled back gets an Update; not documented."""
    forgets_deleted: bool = cloudformation.REMOVED_RESOURCES == "forgotten"
    """Whether a resource that was removed from a living stack is no longer shown; not documented."""
    shows_new_properties: bool = cloudformation.ROLL_BACK_SHOWS == "failed"
    """Whether the events of a roll-back show what the failed update declared; not documented."""
    deploys_again: bool = False
    """Whether people deploy to a stack that failed without a roll-back; else they leave it until they delete
    it."""
    lets_others_end: bool = cloudformation.OTHERS_WITHOUT_ROLLBACK == "end"
    """Whether CloudFormation, without a roll-back, lets what is under way end when something fails; not
    documented. Else it is cancelled."""
    replaces_without_roll_back: bool = cloudformation.REPLACEMENT_WITHOUT_ROLLBACK == "accepted"
    """Whether a custom resource that answers with another id may do so without a roll-back; not documented.
    Else the update of the resource fails, it keeps its id, and the other one gets a Delete later."""
    mends_at_once: bool = cloudformation.FAILED_UPDATE_NEXT == "single"
    """Whether what failed in an update goes from there to what is declared now in a single Update; else it
    goes back to its last stable state first. The latter is documented."""
    clean_up_tries: int = cloudformation.CLEAN_UP_DELETE_TRIES
    """How often the Delete of a clean-up is sent that fails: ``CLEAN_UP_DELETE_TRIES`` at most."""
    shows_initiated: bool = False
    """Whether a create shows a second CREATE_IN_PROGRESS, with its physical id, right before its end, as was
    observed."""
    hides_invented: bool = cloudformation.INVENTED_IDS == "hidden"
    """Whether deletions show no physical id where CloudFormation has invented one; not documented."""
    names_late: bool = cloudformation.LATE_ANSWERS == "named"
    """Whether an answer to a create that has ended without one tells its physical id all the same, for a
    Delete that is sent later; not documented."""
    pace: float = 1.0
    """How much of the time CloudFormation takes for itself that it takes by default; 0.1 is hasty."""
    life: int = 0
    """Stacks of one name, made one after the other: each has another id and another function."""
    after: str = ""
    """The label of a stack: this one begins ``begins`` seconds after all that the plan has for that one."""

    @property
    def label(self) -> str:
        """Name and life."""
        return f"{self.name}/{self.life}" if self.life else self.name

    @property
    def stack_id(self) -> str:
        """The ARN of the stack."""
        return _stack_id(self.name, self.life)

    @property
    def function_arn(self) -> str:
        """The ARN of the provider's function of this stack."""
        life = f"-{self.life}" if self.life else ""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}-{FUNCTION_NAME}{life}"


class KillAt(StrEnum):
    """At which instant an invocation is killed."""

    BEFORE_CALL = "before a call"
    AFTER_EFFECT = "after a call took effect, before its answer"
    LINE = "between two lines"


@dataclass(frozen=True, slots=True)
class Kill:
    """The end of an invocation."""

    invocation: int
    """The how manieth invocation of the history, counted from 0."""
    at: KillAt
    count: int
    """The how manieth call, or line of the life cycle, counted from 0."""


@dataclass(frozen=True, slots=True)
class JanitorPlan:
    """A janitor in the account of the stacks."""

    begins: float = 0.0
    """When its first round is due, in seconds from the beginning."""
    kills: tuple[Kill, ...] = ()
    """Its invocations are counted apart from all others."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What a person says of a model for a while, by a tag."""

    at: float
    """Seconds from the beginning."""
    model: int
    on: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Demand:
    """What calls for models with guards, and the schedules that wake their functions."""

    until: float = 0.0
    """Up to when, in seconds from the beginning, there is something to see."""
    sayings: tuple[Saying, ...] = ()
    messages: tuple[tuple[float, float], ...] = ()
    """When messages wait in the queue: from, up to. It is the same for all models."""
    calls: tuple[tuple[float, float], ...] = ()
    """When models are called, every minute: from, up to."""
    outages: tuple[tuple[float, float], ...] = ()
    """When no schedule wakes anybody: edges pass that nobody is told of."""
    phase: float = 0.0
    """At which second of a minute schedules fire."""
    hasty: bool = False
    """Whether CloudFormation makes and changes schedules before their resources and deletes them after
    these; else the other way round. It does both at once."""


class Hand(StrEnum):
    """What people do to a model by hand."""

    START = "start"
    STOP = "stop"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class ByHand:
    """Something that a person does, whatever the stack is doing."""

    at: float
    """Seconds from the beginning."""
    hand: Hand
    model: int


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong by chance, each as a share of calls or events, or as a limit in seconds."""

    throttled: float = 0.0
    failed_before: float = 0.0
    """A 5xx or a lost connection, without effect."""
    lost_after: float = 0.0
    """The call took effect, its answer is lost."""
    slow: float = 0.0
    """A call takes seconds."""
    describe_lag: float = 0.0
    """DescribeProjectVersions shows what was up to so many seconds ago."""
    tag_lag: float = 0.0
    stack_lag: float = 0.0
    """CloudFormation shows what was up to so many seconds ago."""
    iam_delay: float = 0.0
    """A change of a policy counts after up to so many seconds."""
    duplicated: float = 0.0
    """Events delivered twice."""
    duplicate_delay: float = 0.0
    """How late the second one can be."""
    delayed: float = 0.0
    """Events that wait in Lambda's queue."""
    delay_seconds: float = 0.0
    hand_over_throttled: float = 0.0
    answer_lost: float = 0.0
    """Answers to CloudFormation that fail to get through."""
    denied: bool = False
    """A policy outside the stack never allows StopProjectVersion (an SCP)."""
    bad_credentials: float = 0.0
    """Calls whose credentials are not known, expired, or signed too long ago."""
    timed_out: float = 0.0
    """HTTP 408."""
    unknown_code: float = 0.0
    """Calls refused with a code that nobody has heard of."""
    credentials_late: float = 0.0
    """So many seconds after a function or its policy came to be, its credentials are refused."""
    stop_denied_for: float = 0.0
    """StopProjectVersion is refused for so many seconds from the first one of each model on, then allowed."""
    ends: float = 4 * 3600.0
    """From then on nothing goes wrong by chance any more."""


EMPTY_FAULTS: Final = Faults()


@dataclass(frozen=True, slots=True)
class Plan:
    """A history: everything that is decided before it begins."""

    seed: int
    models: tuple[ModelPlan, ...]
    stacks: tuple[StackPlan, ...]
    faults: Faults = Faults()
    kills: tuple[Kill, ...] = ()
    by_hand: tuple[ByHand, ...] = ()
    running_quota: int = rekognition.RUNNING_MODELS_MAX
    quota_counts_starting: bool = rekognition.COUNTS_STARTING
    quota_counts_stopping: bool = rekognition.COUNTS_STOPPING
    invocation_seconds: float = aws_lambda.FUNCTION_SECONDS_MAX
    concurrency: int = 1000
    retries_count_as_hops: bool = aws_lambda.RETRIES_COUNT_AS_HOPS
    """Whether loop detection counts more tries of an event as links of its chain; not documented."""
    hand_over_denied: bool = False
    """A permissions boundary without lambda:InvokeFunction, for good."""
    janitor: JanitorPlan | None = None
    demand: Demand | None = None
    """None: no schedule ever wakes a function."""
