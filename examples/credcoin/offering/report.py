"""The report of a day, kept in S3."""

import asyncio
import json
from typing import Any

from ledger.errors import LedgerError


async def store_report(bucket: str | None, report: dict[str, Any]) -> str | None:
    """Write the report to `offerings/<day>.json`, over what an earlier run of that day wrote.

    Returns its address, None without a bucket; raises LedgerError when S3 does not take it.
    """
    if not bucket:
        return None
    key = f"offerings/{report['day']}.json"
    await asyncio.to_thread(_put, bucket, key, json.dumps(report, indent=2).encode())
    return f"s3://{bucket}/{key}"


def _put(bucket: str, key: str, body: bytes) -> None:
    # Imported here because it takes a third of a second, and the API starts without it.
    import boto3  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
    except (BotoCoreError, ClientError) as error:
        raise LedgerError(
            f"The report could not be written to s3://{bucket}/{key}: {error}.",
            "Check that the bucket exists and that the task's role may write to it; then run the offering again.",
        ) from error
