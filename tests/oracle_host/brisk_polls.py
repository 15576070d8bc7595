"""Importing this makes the reference poll without its fixed five seconds in between, for which its tests would wait."""

from airbyte_cdk.sources.declarative.async_job.job_orchestrator import AsyncJobOrchestrator

AsyncJobOrchestrator._WAIT_TIME_BETWEEN_STATUS_UPDATE_IN_SECONDS = 0.05
