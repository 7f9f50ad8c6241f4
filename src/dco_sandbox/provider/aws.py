"""The way to AWS: one botocore client per service, made when first needed."""

import os
import threading
from dataclasses import dataclass, field
from typing import Any

from dco_sandbox.provider import VERSION

LOADER: Any = None
"""Of botocore's models, when a warm process has read them already."""
AGENT = f"terraform-provider-aws/{VERSION}"


@dataclass
class Aws:
    """Clients with credentials and endpoint as boto3 finds them: environment, then shared configuration."""

    region: str | None = None
    default_tags: dict[str, str] = field(default_factory=dict[str, str])
    profile: str | None = None
    ignored_keys: tuple[str, ...] = ()
    ignored_prefixes: tuple[str, ...] = ("aws:",)
    _clients: dict[str, Any] = field(default_factory=dict[str, Any])
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _session: Any = None

    def __call__(self, service: str) -> Any:
        """Give the service's client. Making one is not safe in two threads, using one is."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make(service)
            return self._clients[service]

    def visible(self, tags: dict[str, str]) -> dict[str, str]:
        """Give the tags that Terraform is to see: not AWS's own, nor those that the configuration ignores."""
        return {k: v for k, v in tags.items() if k not in self.ignored_keys and not k.startswith(self.ignored_prefixes)}

    def _make(self, service: str) -> Any:
        # Imported here: Terraform starts a provider for its schema alone several times a run.
        from botocore.config import Config  # noqa: PLC0415
        from botocore.session import Session  # noqa: PLC0415

        if self._session is None:
            self._session = Session(profile=self.profile)
            if LOADER is not None:
                self._session.register_component("data_loader", LOADER)
        # AWS_REGION is what the real provider reads, and botocore alone does not.
        region = self.region or os.environ.get("AWS_REGION") or None
        config = Config(retries={"mode": "standard", "max_attempts": 6}, user_agent_extra=AGENT)
        return self._session.create_client(service, region_name=region, config=config)
