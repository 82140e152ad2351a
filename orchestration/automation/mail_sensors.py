"""The observers inside Dagster: of failed runs, of late marts, and of mails that wait."""

import dagster as dg

from orchestration.automation.alerts import report_failed_run, report_lateness
from orchestration.resources.mailer import deliver
from orchestration.resources.outbox import outbox_in
from orchestration.settings import Settings

LOOK_EVERY_SECONDS = 60
# A sensor's evaluation is ended after a minute.
BUDGET_SECONDS, TIMEOUT_SECONDS = 20, 8
WILL_RETRY = "dagster/will_retry"
SILENT = "HABITUE_SMTP_HOST is not set: no alerts"


def mail_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """The sensor of failed runs, and the one that sends; they start no runs, so they are on."""
    return [_failure_sensor(settings), _mail_sensor(settings)]


def _failure_sensor(settings: Settings) -> dg.SensorDefinition:
    @dg.run_failure_sensor(  # pyright: ignore[reportUnknownMemberType]
        name="alerts",
        minimum_interval_seconds=LOOK_EVERY_SECONDS // 2,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Writes to the owners of what failed in a run.",
    )
    def alerts(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        if settings.smtp_host is None:
            return dg.SkipReason(SILENT)
        run = context.dagster_run
        if run.tags.get(WILL_RETRY) == "true":
            return dg.SkipReason("the run is tried again; its last attempt is reported")
        for warning in report_failed_run(settings, context.instance, run.run_id):
            context.log.warning(warning)
        return None

    return alerts


def _mail_sensor(settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(  # pyright: ignore[reportUnknownMemberType]
        name="mail",
        minimum_interval_seconds=LOOK_EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends mails that wait, and writes to the owners of marts that are late.",
    )
    def mail(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if settings.smtp_host is None:
            return dg.SkipReason(SILENT)
        late = report_lateness(settings)
        hurried = settings.model_copy(
            update={"smtp_timeout": min(settings.smtp_timeout, TIMEOUT_SECONDS)}
        )
        outbox = outbox_in(settings.home)
        done = deliver(hurried, outbox, budget_seconds=BUDGET_SECONDS)
        for warning in done.warnings:
            context.log.warning(warning)
        waiting = len(outbox.mails("waiting"))
        return dg.SkipReason(
            f"{len(done.sent)} mails sent, {waiting} wait; {late or 'nothing is late'}"
        )

    return mail
