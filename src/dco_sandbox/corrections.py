"""Where moto's answers differ from AWS's model of them: put right before anything is served."""

import json
from collections.abc import Callable
from typing import Any

from moto.secretsmanager.responses import SecretsManagerResponse


def install() -> None:
    """Let Secrets Manager tell a secret's versions under the one name that each call has for them.

    moto answers both calls with both names. DescribeSecret has `VersionIdsToStages`, ListSecrets
    `SecretVersionsToStages`.
    """
    wrong = {"describe_secret": "SecretVersionsToStages", "list_secrets": "VersionIdsToStages"}
    for call, name in wrong.items():
        original = getattr(SecretsManagerResponse, call)
        if not hasattr(original, "corrected"):
            setattr(SecretsManagerResponse, call, _without(name, original))


def _without(name: str, original: Callable[[Any], str]) -> Callable[[Any], str]:
    """Return the call with one member left out of each secret that it tells."""

    def corrected(response: SecretsManagerResponse) -> str:
        answer = json.loads(original(response))
        for secret in answer.get("SecretList", [answer]):
            secret.pop(name, None)
        return json.dumps(answer)

    corrected.corrected = True  # type: ignore[attr-defined]
    return corrected
