"""Started by Terraform as the `hashicorp/aws` provider."""

import sys
from typing import Any

import tf.provider as tf_provider
from tf import runner

from dco_sandbox.provider.servicer import Servicer


def main() -> None:
    """Serve until Terraform says stop."""
    # The runner makes its servicer by this name and has no other way in.
    tf_provider.ProviderServicer = Servicer  # type: ignore[assignment]
    nothing: Any = None
    runner.run_provider(nothing, sys.argv)


if __name__ == "__main__":
    main()
