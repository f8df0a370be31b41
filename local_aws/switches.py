"""What can be changed about the embedded AWS while it runs."""

from __future__ import annotations

from typing import Literal

from attrs import define

from local_aws.checked import Checked, count, number, one_of, text
from local_aws.platform import cloudformation as cfn

NewIdReplacePolicy = Literal["applies", "ignored"]
StaleViewsOf = Literal["nothing", "update", "deletion", "any"]


@define
class Switches(Checked):
    """Behaviour that is a choice, either since AWS leaves it open or since a test wants it bad."""

    duplicate_deliveries: int = count(0)
    """How many more times each custom resource event is delivered. Lambda promises at-least-once only."""

    duplicate_delay_seconds: float = number(0.0)
    """How long after the event each further delivery comes."""

    delivery_delay_seconds: float = number(0.0)
    """How long an event waits in Lambda's queue before its first delivery."""

    async_retry_seconds: float = number(1.0)
    """Pause before the first retry of a failed asynchronous invocation, twice as long before the second.
    AWS: one minute and two (Lambda guide, invocation-async-error-handling)."""

    cleanup_delete_attempts: int = count(cfn.CLEAN_UP_DELETE_TRIES)
    """How often the clean-up of an update tries a Delete. Three, says CloudFormation's troubleshooting page
    ("Resource removed from stack but not deleted")."""

    rolled_back_replacement: cfn.RolledBackReplacement = one_of(
        cfn.RolledBackReplacement, cfn.ROLLED_BACK_REPLACEMENT
    )
    """What the roll-back sends to a custom resource whose update named another physical id. Not documented:
    "update" sends an Update back and later the Delete of the other id, "restore" the Delete alone."""

    failed_update_next: cfn.FailedUpdateNext = one_of(cfn.FailedUpdateNext, cfn.FAILED_UPDATE_NEXT)
    """What the next operation sends to a custom resource whose update failed without a roll-back. Documented
    is that it goes back to its last known stable state (CloudFormation guide, stack-failure-options), not
    how: "stable_first" sends an Update back and then one to what is declared, "single" one Update from what
    failed to what is declared."""

    replacement_without_rollback: cfn.ReplacementWithoutRollback = one_of(
        cfn.ReplacementWithoutRollback, cfn.REPLACEMENT_WITHOUT_ROLLBACK
    )
    """What becomes of a custom resource that names another physical id while roll-back is disabled. Types of
    AWS fail then ("Replacement type updates not supported on stack with disable-rollback.", aws-cdk 30546);
    a custom resource has answered before CloudFormation can know."""

    new_id_replace_policy: NewIdReplacePolicy = one_of(NewIdReplacePolicy, "applies")
    """Whether UpdateReplacePolicy holds for a custom resource that names another physical id. The template
    reference has it for properties whose change needs a replacement, of which a custom resource has none that
    CloudFormation knows: "ignored" deletes the former id whatever the policy."""

    others_without_rollback: cfn.OthersWithoutRollback = one_of(
        cfn.OthersWithoutRollback, cfn.OTHERS_WITHOUT_ROLLBACK
    )
    """What becomes, with roll-back disabled, of what is under way when a resource fails. The guide
    (stack-failure-options) preserves what was provisioned; of the rest it says nothing: it may "end", or be
    "cancelled" as with a roll-back."""

    removed_resources: cfn.RemovedResources = one_of(cfn.RemovedResources, cfn.REMOVED_RESOURCES)
    """Whether DescribeStackResource still shows a resource that an update has removed, up to the stack's next
    operation. Not documented."""

    invented_ids: cfn.InventedIds = one_of(cfn.InventedIds, cfn.INVENTED_IDS)
    """Whether a deletion shows the physical id that CloudFormation has invented for a custom resource without
    an answer. Not documented."""

    roll_back_shows: cfn.RollBackShows = one_of(cfn.RollBackShows, cfn.ROLL_BACK_SHOWS)
    """Which properties the events of an update that is rolled back show: those that it goes back to, or those
    that have "failed". Not documented."""

    late_answers: cfn.LateAnswers = one_of(cfn.LateAnswers, cfn.LATE_ANSWERS)
    """What an answer does that comes when its request has ended: the URL lets it through for two hours. Not
    documented: "ignored" changes nothing, "named" has its physical id known of a create that was never
    answered, so that a Delete that is sent later carries it in place of an invented one."""

    shown_reason_characters: int = count(0)
    """How much of a FAILED answer's reason stack events show, from its beginning; 0 is all of it. No page has
    a limit for status reasons."""

    stale_views_of: StaleViewsOf = one_of(StaleViewsOf, "nothing")
    """During which operations the answers about a stack and its resources stay as they were before, for roles
    and users. How fresh they are on AWS is not documented."""

    stale_views_stack: str = text("")
    """The one stack, by its name, whose answers are old; empty for every stack."""

    stale_views_seconds: float = number(0.0)
    """How long after an operation's begin the answers are old; a great number is for good. What is set when
    the operation begins counts."""

    account_concurrency: int = count(1000)
    """How many functions may run at once in the account; 0 is no limit. AWS: 1,000, less for a new account
    (Lambda guide, gettingstarted-limits)."""

    iam_propagation_seconds: float = number(0.0)
    """How long a changed role policy takes until it counts. IAM is eventually consistent (IAM guide,
    troubleshoot)."""
