"""Started by Terraform as the `hashicorp/aws` provider."""

import sys
from pathlib import Path
from typing import Any

import tf.provider as tf_provider
from tf import runner

from dco_sandbox import cache
from dco_sandbox.provider.servicer import Servicer


def main() -> None:
    """Serve until Terraform says stop."""
    # The runner makes its servicer by this name and has no other way in.
    tf_provider.ProviderServicer = Servicer  # type: ignore[assignment]
    nothing: Any = None
    # its certificate is kept with everything else that is kept
    runner._get_cert_cache_path = _certificate  # noqa: SLF001
    runner.run_provider(nothing, sys.argv)


def _certificate() -> Path:
    place = cache.root()
    place.mkdir(parents=True, exist_ok=True)
    return place / "provider-certificate.json"


if __name__ == "__main__":
    main()
