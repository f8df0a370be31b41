"""Requests against botocore's own service model, as the service itself would judge them.

botocore's ParamValidator leaves patterns, enums and maxima to the service, so this walks the same model in
full. The wording follows the service; a wrong JSON type is SerializationException, a value against a
constraint what ``Settings`` says for it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from local_aws.rekognition.errors import ApiError

_NUMBER_MAX = {"integer": 2**31 - 1, "long": 2**63 - 1, "float": 3.4028235e38}
_FLOAT_MAX = 1.7976931348623157e308
_INTEGERS = ("integer", "long")


@lru_cache(maxsize=1)
def service_model() -> ServiceModel:
    """botocore's model of Rekognition."""
    return botocore.session.get_session().get_service_model("rekognition")


@dataclass(frozen=True, slots=True)
class Problem:
    """One constraint that a value does not satisfy; ``kind`` names it as ``Settings`` names its error:
    missing, length, pattern, enum, range or page_size."""

    kind: str
    text: str


ErrorOf = Callable[[str], str]
"""The code of the error for a kind of constraint."""


def parse(operation: OperationModel, body: bytes, error_of: ErrorOf) -> dict[str, Any]:
    """A request's parameters, blobs decoded; raises ``ApiError``. Members that no model has are ignored."""
    try:
        document = json.loads(body or b"{}", parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ApiError("SerializationException", "The request body is not valid JSON.") from error
    if not isinstance(document, dict):
        raise ApiError("SerializationException", "The request body must be a JSON object.")
    problems: list[Problem] = []
    parameters: dict[str, Any] = {}
    if operation.input_shape is not None:
        parameters = _convert(operation.input_shape, document, "", problems)
    if problems:
        raise ApiError(error_of(problems[0].kind), _summary(problems))
    return parameters


def check(shape: Shape, value: object) -> list[Problem]:
    """What is wrong with a value (for tests of our own answers); raises ``ApiError`` for a wrong type."""
    problems: list[Problem] = []
    _convert(shape, value, "", problems)
    return problems


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _summary(problems: list[Problem]) -> str:
    noun = "error" if len(problems) == 1 else "errors"
    return f"{len(problems)} validation {noun} detected: " + "; ".join(problem.text for problem in problems)


def _wrong_type(shape: Shape, path: str) -> ApiError:
    where = path or "the request"
    return ApiError("SerializationException", f"{where} is not of type {shape.type_name}.")


def _convert(shape: Shape, value: object, path: str, problems: list[Problem]) -> Any:
    if isinstance(shape, StructureShape):
        return _structure(shape, value, path, problems)
    if isinstance(shape, ListShape):
        return _list(shape, value, path, problems)
    if isinstance(shape, MapShape):
        return _map(shape, value, path, problems)
    return _scalar(shape, value, path, problems)


def _structure(shape: StructureShape, value: object, path: str, problems: list[Problem]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong_type(shape, path)
    for name in shape.required_members:
        if value.get(name) is None:
            where = _join(path, name)
            text = f"Value null at '{where}' failed to satisfy constraint: Member must not be null"
            problems.append(Problem("missing", text))
    return {
        name: _convert(member, value[name], _join(path, name), problems)
        for name, member in shape.members.items()
        if value.get(name) is not None
    }


def _list(shape: ListShape, value: object, path: str, problems: list[Problem]) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong_type(shape, path)
    _length(shape, len(value), value, path, problems)
    return [
        _convert(shape.member, item, f"{path}.{position}.member", problems)
        for position, item in enumerate(value, start=1)
    ]


def _map(shape: MapShape, value: object, path: str, problems: list[Problem]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong_type(shape, path)
    _length(shape, len(value), value, path, problems)
    return {
        _convert(shape.key, key, f"{path}.key", problems): _convert(
            shape.value, item, f"{path}.{key}.member", problems
        )
        for key, item in value.items()
    }


def _scalar(shape: Shape, value: object, path: str, problems: list[Problem]) -> Any:
    kind = shape.type_name
    if kind == "string":
        return _string(shape, value, path, problems)
    if kind == "blob":
        return _blob(shape, value, path, problems)
    if kind == "boolean":
        if not isinstance(value, bool):
            raise _wrong_type(shape, path)
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong_type(shape, path)
    # The greatness first: there is no whole number for an infinite one, which JSON can spell as 1e999.
    if abs(value) > _NUMBER_MAX.get(kind, _FLOAT_MAX) or (kind in _INTEGERS and value != int(value)):
        raise _wrong_type(shape, path)
    _range(shape, value, path, problems)
    return int(value) if kind in _INTEGERS else value


def _string(shape: Shape, value: object, path: str, problems: list[Problem]) -> str:
    if not isinstance(value, str):
        raise _wrong_type(shape, path)
    allowed = list(getattr(shape, "enum", []) or [])
    if allowed and value not in allowed:
        text = f"{_shown(value, path)}: Member must satisfy enum value set: [{', '.join(allowed)}]"
        problems.append(Problem("enum", text))
    _length(shape, len(value), value, path, problems)
    pattern = shape.metadata.get("pattern")
    if pattern and not matches(str(pattern), value):
        text = f"{_shown(value, path)}: Member must satisfy regular expression pattern: {pattern}"
        problems.append(Problem("pattern", text))
    return value


def _blob(shape: Shape, value: object, path: str, problems: list[Problem]) -> bytes:
    if not isinstance(value, str):
        raise _wrong_type(shape, path)
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ApiError("SerializationException", f"{path} is not valid base64.") from error
    _length(shape, len(data), "java.nio.HeapByteBuffer", path, problems)
    return data


def _length(shape: Shape, length: int, value: object, path: str, problems: list[Problem]) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and length < least:
        text = f"{_shown(value, path)}: Member must have length greater than or equal to {least}"
        problems.append(Problem("length", text))
    if most is not None and length > most:
        text = f"{_shown(value, path)}: Member must have length less than or equal to {most}"
        problems.append(Problem("length", text))


def _range(shape: Shape, value: float, path: str, problems: list[Problem]) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    kind = "page_size" if path == "maxResults" else "range"
    if least is not None and value < least:
        text = f"{_shown(value, path)}: Member must have value greater than or equal to {least}"
        problems.append(Problem(kind, text))
    if most is not None and value > most:
        text = f"{_shown(value, path)}: Member must have value less than or equal to {most}"
        problems.append(Problem(kind, text))


def _shown(value: object, path: str) -> str:
    text = str(value)
    text = text if len(text) <= 300 else text[:300] + "..."
    return f"Value '{text}' at '{path}' failed to satisfy constraint"


def _join(path: str, name: str) -> str:
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member


def matches(pattern: str, text: str) -> bool:
    r"""Whether a whole text matches a pattern of the model.

    Python's re knows no ``\p{L}``, ``\p{Z}`` or ``\p{N}``: where a pattern has them, letters, separators and
    numbers outside ASCII are put as one of ASCII, and the classes as theirs. Elsewhere ``a-z`` is ASCII.
    """
    if r"\p{" in pattern:
        text = "".join(map(_as_ascii, text))
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    for category, characters in ((r"\p{L}", "a-zA-Z"), (r"\p{N}", "0-9"), (r"\p{Z}", " ")):
        pattern = pattern.replace(category, characters)
    return re.compile(pattern, re.ASCII)


def _as_ascii(character: str) -> str:
    if character.isascii():
        return character
    return {"L": "a", "N": "0", "Z": " "}.get(unicodedata.category(character)[0], character)
