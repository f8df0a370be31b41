"""A stack as synth would write it, before it does: its template, and whether it waits for a look-up."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import jsii
from aws_cdk import ISynthesisSession, Stack, StackSynthesizer, Token, cx_api
from constructs import Construct, IConstruct


@dataclass(frozen=True, slots=True)
class Rendering:
    """What synth would write of a stack."""

    template: Mapping[str, Any]
    waits_for_look_ups: bool


def rendered(stack: Stack) -> Rendering | None:
    """The stack with all that aspects, overrides and escape hatches have made of it by now.

    None where it can't be written yet, or at all; in the end CDK itself then says why.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            _Renderer().render(stack, folder)
        except (RuntimeError, jsii.errors.JSIIError):
            return None
        manifest = json.loads((Path(folder) / "manifest.json").read_text())
        template = json.loads((Path(folder) / stack.template_file).read_text())
    return Rendering(template, bool(manifest.get("missing")))


def is_waiting_for_look_ups(scope: Construct) -> bool:
    """Whether the app has stand-ins for values that CDK still has to look up.

    ``StringParameter.value_from_lookup`` and the other context providers return one on the first pass: a
    dummy, or whatever default the app gives. The CLI then looks the values up and runs the app again; an
    error about a stand-in would keep it from that.
    """
    return any(
        rendering is not None and rendering.waits_for_look_ups
        for rendering in map(rendered, _stacks_that_may_look_up(scope.node.root))
    )


def may_look_up(construct: IConstruct) -> bool:
    """Whether some stack of the app has a place that is known; CDK looks up nothing for others."""
    return any(True for _ in _stacks_that_may_look_up(construct.node.root))


def _stacks_that_may_look_up(root: IConstruct) -> Iterator[Stack]:
    for node in root.node.find_all():
        if isinstance(node, Stack) and not any(map(Token.is_unresolved, (node.account, node.region))):
            yield node


@jsii.implements(ISynthesisSession)
class _Session:
    """Where a rendering goes: a folder that nobody keeps."""

    def __init__(self, assembly: cx_api.CloudAssemblyBuilder, outdir: str) -> None:
        self._assembly = assembly
        self._outdir = outdir

    @property
    def assembly(self) -> cx_api.CloudAssemblyBuilder:
        return self._assembly

    @property
    def outdir(self) -> str:
        return self._outdir

    @property
    def validate_on_synth(self) -> bool:
        return False


class _Renderer(StackSynthesizer):
    """Writes a stack's template, without its assets."""

    def render(self, stack: Stack, folder: str) -> None:
        """The template, and a manifest that names what is missing."""
        assembly = cx_api.CloudAssemblyBuilder(folder)
        self.bind(stack)
        self._synthesize_template(cast(ISynthesisSession, _Session(assembly, folder)))
        assembly.build_assembly()

    def add_file_asset(self, asset: Any) -> Any:  # type: ignore[override]
        """Never called: assets are added while constructs are made."""
        raise NotImplementedError

    def add_docker_image_asset(self, asset: Any) -> Any:  # type: ignore[override]
        """Never called, as above."""
        raise NotImplementedError

    def synthesize(self, session: ISynthesisSession) -> None:
        """Never called: this is not the stack's own synthesizer."""
        raise NotImplementedError
