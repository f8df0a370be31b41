"""The operations of Rekognition Custom Labels that the emulator answers.

Each takes validated parameters and returns the answer's document; ``OPERATIONS`` says which rate counts for
it and which resource a policy has to name (Service Authorization Reference, Amazon Rekognition).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.platform.rekognition import TRAINING
from local_aws.rekognition import lifecycle
from local_aws.rekognition.errors import ApiError, in_use, invalid_parameter, limit_exceeded, not_found
from local_aws.rekognition.paging import page
from local_aws.rekognition.records import CUSTOM_LABELS, Caller, Look, Past, Project, Version
from local_aws.rekognition.settings import KEPT
from local_aws.rekognition.store import Store

Parameters = Mapping[str, Any]
Answer = dict[str, Any]
TAGS_MAX = 200
"""Tags of one resource (botocore, TagMap)."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call on its way: who calls what, with which parameters, and how old a look it gets."""

    operation: str
    parameters: Parameters
    principal: str
    age_seconds: float = 0.0
    """Only for reads that a fault makes stale."""
    session_token: str = ""

    @property
    def caller(self) -> Caller:
        """For the journal."""
        return Caller(self.operation, self.principal)


@dataclass(frozen=True, slots=True)
class Operation:
    """How a call is answered, limited and authorized."""

    answer: Callable[[Store, Call], Answer]
    rate: str
    """The field of ``Settings`` with its calls a second."""
    resource: Callable[[Parameters], str]
    """The ARN that a policy has to name; ``*`` where the action takes none."""
    subject: Callable[[Parameters], str]
    """The ARN that the journal files the call under."""
    second_resource: Callable[[Parameters], str] | None = None
    """The ARN of another resource that a policy has to name too."""


# --- projects -------------------------------------------------------------------------------------


def describe_projects(store: Store, call: Call) -> Answer:
    """DescribeProjects: the feature is CUSTOM_LABELS unless named; unknown names are just not shown."""
    features = call.parameters.get("Features") or [CUSTOM_LABELS]
    names = call.parameters.get("ProjectNames")
    found = [
        project
        for project in store.projects()
        if project.feature in features and (names is None or project.name in names)
    ]
    shown, token = page(found, call.parameters, key=lambda project: project.arn)
    return _present(ProjectDescriptions=[_project_description(item) for item in shown], NextToken=token)


def _project_description(project: Project) -> Answer:
    return _present(
        ProjectArn=project.arn,
        CreationTimestamp=round(project.created, 3),
        Status=project.status,
        Datasets=[],
        Feature=project.feature,
        AutoUpdate=project.auto_update,
    )


def create_project(store: Store, call: Call) -> Answer:
    """CreateProject: a name once in an account and Region; AutoUpdate belongs to content moderation."""
    name = call.parameters["ProjectName"]
    feature = call.parameters.get("Feature", CUSTOM_LABELS)
    auto_update = call.parameters.get("AutoUpdate")
    if feature == CUSTOM_LABELS and auto_update is not None:
        raise invalid_parameter("AutoUpdate applies only to the feature CONTENT_MODERATION.")
    if feature != CUSTOM_LABELS and auto_update is None:
        raise invalid_parameter("AutoUpdate is required for the feature CONTENT_MODERATION.")
    if any(project.name == name for project in store.projects()):
        raise in_use(f"A project named {name} already exists.")
    quota = store.settings.projects_quota
    if quota is not None and len(store.projects()) >= quota:
        raise limit_exceeded(f"The account has its maximum number of projects, {quota}.")
    project = Project(
        arn=store.new_project_arn(name),
        name=name,
        created=store.clock.now(),
        feature=feature,
        auto_update=auto_update,
        tags=dict(call.parameters.get("Tags") or {}),
    )
    store.put_project(project)
    return {"ProjectArn": project.arn}


def delete_project(store: Store, call: Call) -> Answer:
    """DeleteProject."""
    project = store.project(call.parameters["ProjectArn"])
    return {"Status": lifecycle.delete_project(store, project)}


# --- versions -------------------------------------------------------------------------------------


def describe_project_versions(store: Store, call: Call) -> Answer:
    """DescribeProjectVersions: latest first; unknown names are just not shown."""
    project = store.project(call.parameters["ProjectArn"])
    names = call.parameters.get("VersionNames")
    moment = store.clock.now() - call.age_seconds
    found = [
        (version, look)
        for version in store.versions(project.arn, gone=True)
        if (look := version.looks.at(moment)) is not None and (names is None or version.name in names)
    ]
    shown, token = page(found, call.parameters, key=lambda pair: pair[0].arn)
    return _present(
        ProjectVersionDescriptions=[_version_description(store, *pair) for pair in shown], NextToken=token
    )


def _version_description(store: Store, version: Version, look: Look) -> Answer:
    units = look.status in lifecycle.SHOWS_UNITS or store.settings.units_while_stopped == KEPT
    trained = look.training_ended
    return _present(
        ProjectVersionArn=version.arn,
        CreationTimestamp=round(version.created, 3),
        Status=look.status,
        StatusMessage=look.message or None,
        MinInferenceUnits=look.min_units if units else None,
        MaxInferenceUnits=look.max_units if units else None,
        Feature=version.feature,
        TrainingEndTimestamp=None if trained is None else round(trained, 3),
        BillableTrainingTimeInSeconds=None if trained is None else int(version.train_seconds),
        **version.shown,
    )


def create_project_version(store: Store, call: Call) -> Answer:
    """CreateProjectVersion: a name once in a project; training begins."""
    parameters = call.parameters
    project = store.project(parameters["ProjectArn"])
    if ("TrainingData" in parameters) != ("TestingData" in parameters):
        raise invalid_parameter("TrainingData and TestingData have to be given together.")
    if project.feature == CUSTOM_LABELS and "FeatureConfig" in parameters:
        raise invalid_parameter("FeatureConfig doesn't match the feature of the project, CUSTOM_LABELS.")
    _room_for(store, project, parameters["VersionName"])
    version = _trained_from_now(store, project, parameters)
    store.put_version(version, call.caller)
    return {"ProjectVersionArn": version.arn}


def _trained_from_now(store: Store, project: Project, parameters: Parameters) -> Version:
    now, seconds = store.clock.now(), store.settings.train_seconds
    kept = ("OutputConfig", "KmsKeyId", "VersionDescription", "FeatureConfig")
    return Version(
        arn=store.new_version_arn(project, parameters["VersionName"]),
        project_arn=project.arn,
        name=parameters["VersionName"],
        created=now,
        looks=Past(Look(TRAINING, message=lifecycle.MESSAGES[TRAINING]), now),
        tags=Past(dict(parameters.get("Tags") or {}), now),
        feature=project.feature,
        labels=store.settings.default_labels,
        shown={name: parameters[name] for name in kept if name in parameters},
        train_seconds=seconds,
        due=lifecycle.after_training(store, seconds),
    )


def copy_project_version(store: Store, call: Call) -> Answer:
    """CopyProjectVersion, from a project of this account to another or the same one."""
    parameters = call.parameters
    source = store.version(parameters["SourceProjectVersionArn"])
    if source.project_arn != store.project(parameters["SourceProjectArn"]).arn:
        raise invalid_parameter("SourceProjectVersionArn is no version of SourceProjectArn.")
    project = store.project(parameters["DestinationProjectArn"])
    lifecycle.copyable(store, source, project)
    _room_for(store, project, parameters["VersionName"])
    version = lifecycle.copied_from_now(
        store, source, project, parameters["VersionName"], parameters.get("Tags") or {}
    )
    version.shown = {
        name: parameters[name] for name in ("OutputConfig", "KmsKeyId") if name in parameters
    } | {"SourceProjectVersionArn": source.arn}
    store.put_version(version, call.caller)
    return {"ProjectVersionArn": version.arn}


def _room_for(store: Store, project: Project, name: str) -> None:
    existing = store.versions(project.arn)
    if any(version.name == name for version in existing):
        raise in_use(f"The project already has a version named {name}.")
    quota = store.settings.versions_quota
    if quota is not None and len(existing) >= quota:
        raise limit_exceeded(f"The project has its maximum number of models, {quota}.")


def delete_project_version(store: Store, call: Call) -> Answer:
    """DeleteProjectVersion."""
    version = store.version(call.parameters["ProjectVersionArn"])
    return {"Status": lifecycle.delete(store, version, call.caller)}


def start_project_version(store: Store, call: Call) -> Answer:
    """StartProjectVersion."""
    version = store.version(call.parameters["ProjectVersionArn"])
    minimum, maximum = call.parameters["MinInferenceUnits"], call.parameters.get("MaxInferenceUnits")
    return {"Status": lifecycle.start(store, version, minimum, maximum, call.caller)}


def stop_project_version(store: Store, call: Call) -> Answer:
    """StopProjectVersion."""
    version = store.version(call.parameters["ProjectVersionArn"])
    return {"Status": lifecycle.stop(store, version, call.caller)}


# --- tags -----------------------------------------------------------------------------------------


def _tagged(store: Store, arn: str) -> Project | Version:
    if "/version/" in arn:
        return store.version(arn)
    if ":project/" in arn:
        return store.project(arn)
    raise not_found(arn)


def tags_of(store: Store, arn: str, age_seconds: float = 0.0) -> dict[str, str]:
    """The tags of a project or version as they were so long ago; raises ResourceNotFoundException."""
    thing = _tagged(store, arn)
    if isinstance(thing, Project):
        return dict(thing.tags)
    return dict(thing.tags.at(store.clock.now() - age_seconds) or {})


def _set_tags(store: Store, thing: Project | Version, tags: Mapping[str, str]) -> None:
    if isinstance(thing, Version):
        if thing.status in store.settings.tagging_refused_while:
            raise invalid_parameter(f"The version {thing.arn} is {thing.status} and can't be tagged.")
        thing.tags.set(dict(tags), store.clock.now())
    else:
        thing.tags = dict(tags)


def tag_resource(store: Store, call: Call) -> Answer:
    """TagResource: adds or overwrites."""
    arn = call.parameters["ResourceArn"]
    tags = {**tags_of(store, arn), **call.parameters["Tags"]}
    if len(tags) > TAGS_MAX:
        raise ApiError("ServiceQuotaExceededException", f"A resource can have {TAGS_MAX} tags at most.")
    _set_tags(store, _tagged(store, arn), tags)
    return {}


def untag_resource(store: Store, call: Call) -> Answer:
    """UntagResource: keys that are not there don't matter."""
    arn = call.parameters["ResourceArn"]
    gone = set(call.parameters["TagKeys"])
    tags = {key: value for key, value in tags_of(store, arn).items() if key not in gone}
    _set_tags(store, _tagged(store, arn), tags)
    return {}


def list_tags_for_resource(store: Store, call: Call) -> Answer:
    """ListTagsForResource."""
    return {"Tags": tags_of(store, call.parameters["ResourceArn"], call.age_seconds)}


# --- the table ------------------------------------------------------------------------------------


def _member(name: str) -> Callable[[Parameters], str]:
    return lambda parameters: str(parameters[name])


def _anything(_: Parameters) -> str:
    return "*"


def _nothing(_: Parameters) -> str:
    return ""


def _present(**members: Any) -> Answer:
    return {name: value for name, value in members.items() if value is not None}


_CONTROL, _TAGS = "control_calls_per_second", "tag_calls_per_second"
_SOURCE = _member("SourceProjectVersionArn")
_PROJECT, _VERSION, _RESOURCE = _member("ProjectArn"), _member("ProjectVersionArn"), _member("ResourceArn")

OPERATIONS: Mapping[str, Operation] = {
    "DescribeProjects": Operation(describe_projects, _CONTROL, _anything, _nothing),
    "CreateProject": Operation(create_project, _CONTROL, _anything, _nothing),
    "DeleteProject": Operation(delete_project, _CONTROL, _PROJECT, _PROJECT),
    "DescribeProjectVersions": Operation(describe_project_versions, _CONTROL, _PROJECT, _PROJECT),
    "CreateProjectVersion": Operation(create_project_version, _CONTROL, _PROJECT, _PROJECT),
    "CopyProjectVersion": Operation(
        copy_project_version, _CONTROL, _SOURCE, _SOURCE, _member("DestinationProjectArn")
    ),
    "DeleteProjectVersion": Operation(delete_project_version, _CONTROL, _VERSION, _VERSION),
    "StartProjectVersion": Operation(start_project_version, _CONTROL, _VERSION, _VERSION),
    "StopProjectVersion": Operation(stop_project_version, _CONTROL, _VERSION, _VERSION),
    "TagResource": Operation(tag_resource, _TAGS, _RESOURCE, _RESOURCE),
    "UntagResource": Operation(untag_resource, _TAGS, _RESOURCE, _RESOURCE),
    "ListTagsForResource": Operation(list_tags_for_resource, _TAGS, _RESOURCE, _RESOURCE),
}
"""All but DetectCustomLabels, which reads S3 and so can't answer under the store's lock (``detection``)."""
