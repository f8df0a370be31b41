"""The ways that are compared get the same and ask for no more than they need."""

from __future__ import annotations

from typing import Any

import pytest

from bench import templates
from bench.processes import EXAMPLE_MODELS
from bench.processes import templates as synthesized
from bench.variants import OURS, VARIANTS, Variant

ALTERNATIVES = [variant for variant in VARIANTS if variant is not OURS]


def models_of(template: dict[str, Any]) -> list[dict[str, Any]]:
    """The custom resources of a template."""
    return [r["Properties"] for r in template["Resources"].values() if r["Type"].startswith("Custom::")]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.key)
def test_models_of_a_stack_share_the_functions(variant: Variant) -> None:
    """A further model brings its own resource, and no function."""
    one, two, asset_bytes = synthesized(variant.key)
    assert (len(models_of(one)), len(models_of(two))) == (1, 2)
    assert templates.functions(one).keys() == templates.functions(two).keys()
    assert asset_bytes > 0


@pytest.mark.parametrize("variant", ALTERNATIVES, ids=lambda variant: variant.key)
def test_an_alternative_may_start_and_stop_the_model_alone(variant: Variant) -> None:
    """No way is made to look worse by wider permissions than a careful user would give."""
    one, _, _ = synthesized(variant.key)
    model = EXAMPLE_MODELS[0]
    on = {
        action: statement["Resource"]
        for statement in templates.statements(one)
        for action in (
            statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        )
        if action.startswith("rekognition:")
    }
    assert on.pop("rekognition:StartProjectVersion") == model.version_arn
    assert on.pop("rekognition:StopProjectVersion") == model.version_arn
    assert on in ({}, {"rekognition:DescribeProjectVersions": model.project_arn})
    assert bool(on) == variant.waits
