"""The policies that give the function its permissions, on whatever role it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from aws_cdk import Stack, Token, Validations
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from rekognition_running_model import _policy
from rekognition_running_model._acknowledged import of_model_permissions

_TOKEN_CHARACTERS: Final = 120
"""What a token in a policy is taken to become: a common ARN."""
_MANAGED_POLICIES_MAX: Final = 10

AnyPolicy = iam.Policy | iam.ManagedPolicy


class RolePolicies:
    """Makes policies for one role, inline or managed, as the role and its organisation allow.

    They are constructs of their own, never the role's default policy: the function waits for its role with
    all that is in it, and the policy names the function.
    """

    def __init__(self, owner: Construct, role: iam.IRole, *, managed_only: bool) -> None:
        self._owner = owner
        self._role = role
        # With iam.Role.customize_roles CDK reports what managed policies hold at the end, and makes none.
        beforehand = _is_made_beforehand(role)
        self._managed_only = managed_only or beforehand
        self._takes_policies = beforehand or _takes_policies(owner, role)
        self._made: list[AnyPolicy] = []

    @property
    def are_taken(self) -> bool:
        """Whether the role takes them; an immutable one is used as it is, and no policy is written."""
        return self._takes_policies

    def make(self, scope: Construct, construct_id: str) -> AnyPolicy:
        """An inline policy, where that is allowed."""
        if self._managed_only and self._takes_policies:
            return self.make_managed(scope, construct_id)
        policy = iam.Policy(scope, construct_id, document=iam.PolicyDocument(minimize=True))
        # Without a role it is not written.
        self._role.attach_inline_policy(policy)
        self._made.append(policy)
        return policy

    def make_managed(self, scope: Construct, construct_id: str) -> AnyPolicy:
        """One more managed policy for the role, which may have ten."""
        if not self._takes_policies:
            return self.make(scope, construct_id)
        if sum(isinstance(policy, iam.ManagedPolicy) for policy in self._made) == _MANAGED_POLICIES_MAX:
            raise ValueError(
                f"{self._owner.node.path}: its models must fit the ten managed policies of a role, "
                "got one more; give some of them a provider of their own, for example "
                'provider=RunningModelProvider(stack, "Second")'
            )
        policy = iam.ManagedPolicy(
            scope, construct_id, roles=[self._role], document=iam.PolicyDocument(minimize=True)
        )
        self._made.append(policy)
        return policy

    def statements(self) -> list[Mapping[str, Any]]:
        """All that the policies hold, with references as CloudFormation writes them."""
        return [
            statement
            for policy in self._made
            for statement in Stack.of(policy).resolve(policy.document).get("Statement", [])
        ]


class ModelPermissions(Construct):
    """What the models of one stack need on the role of a provider.

    In the provider's own stack one policy is inline, for as much as fits. From other stacks all are managed:
    the inline policies of a role share one limit, of which a stack can't know what others use.
    """

    def __init__(self, scope: Construct, construct_id: str, policies: RolePolicies, *, own: bool) -> None:
        super().__init__(scope, construct_id)
        self._policies = policies
        self.first: Final[AnyPolicy] = (
            policies.make(self, "Policy") if own else policies.make_managed(self, "Policy")
        )
        self._last: AnyPolicy = self.first
        inline = isinstance(self.first, iam.Policy)
        self._room = _policy.INLINE_CHARACTERS_MAX if inline else _policy.MANAGED_CHARACTERS_MAX
        self._count = 1
        self._fixed = self._finds_projects = self._counts_calls = False
        self._models: iam.PolicyStatement | None = None
        self._statements = 0
        Validations.of(self).acknowledge(*of_model_permissions(inline=inline))

    def add(self, *statements: iam.PolicyStatement) -> None:
        """Add to the first policy what does not depend on a model."""
        self.first.add_statements(*statements)

    def allow(self, arn: str, *, finds_project: bool) -> list[IConstruct]:
        """Allow one model more; returns the policies that its resource has to wait for."""
        if not self._fixed:
            self._fixed = True
            self.add(*_policy.fixed_statements(Stack.of(self)))
            self._room -= _policy.FIXED_CHARACTERS
        if finds_project and not self._finds_projects:
            self._finds_projects = True
            self.add(_policy.find_projects())
        size = _TOKEN_CHARACTERS if Token.is_unresolved(arn) else len(arn) + 3
        if size > self._room:
            self._last = self._policies.make_managed(self, f"Overflow{self._count}")
            self._room = _policy.MANAGED_CHARACTERS_MAX
            self._count += 1
            self._models, self._statements = None, 0
        self._room -= size
        if self._models is None or self._models.frozen:
            self._models = _policy.declared_models([arn], self._statements)
            self._statements += 1
            self._last.add_statements(self._models)
        else:
            self._models.add_resources(arn)
        return [self.first, self._last]

    def allow_guards(self, *, counts_calls: bool, queue_arn: str | None) -> None:
        """Allow what the guards of a model have to ask for."""
        if counts_calls and not self._counts_calls:
            self._counts_calls = True
            self.add(_policy.count_calls())
        if queue_arn is not None:
            self.add(_policy.look_at_queue(queue_arn))


def _is_made_beforehand(role: iam.IRole) -> bool:
    """Whether ``iam.Role.customize_roles`` stands in for the role; CDK's only trace of it is a child."""
    scope = role.node.scope
    return role.node.try_find_child(f"PrecreatedRole{role.node.id}") is not None or (
        scope is not None and scope.node.try_find_child(f"Import{role.node.id}") is not None
    )


def _takes_policies(scope: Construct, role: iam.IRole) -> bool:
    """Whether a role may be changed; only the role itself knows, so it is offered a policy."""
    if isinstance(role, iam.Role):
        return True
    offered = iam.Policy(scope, "Offered")
    role.attach_inline_policy(offered)
    roles = Stack.of(scope).resolve(cast(iam.CfnPolicy, offered.node.default_child).roles)
    scope.node.try_remove_child(offered.node.id)
    return bool(roles)
