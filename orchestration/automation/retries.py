"""Which failed runs the daemon tries once more.

It retries a run whose process died, and leaves one alone whose step failed. A hook turns that
round for a step whose fault may pass, such as a lost connection.
"""

import dagster as dg

from orchestration.passing_faults import may_pass

# Recovery is always a plain re-run, never the rest of one.
WHOLE_RUN = {"dagster/retry_strategy": "ALL_STEPS"}
RETRY = {"dagster/retry_on_asset_or_op_failure": "true"}


@dg.failure_hook(name="retry_what_may_pass")
def retry_what_may_pass(context: dg.HookContext) -> None:
    """Let the daemon retry a run whose step failed for a reason that may pass."""
    error = context.op_exception
    if error is not None and may_pass(error):
        context.instance.add_run_tags(context.run_id, RETRY)
