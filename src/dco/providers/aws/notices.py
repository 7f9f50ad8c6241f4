"""Messages to people: a webhook and an SNS topic."""

from urllib.parse import urlsplit

import msgspec

from dco.model.environment import Notify
from dco.model.errors import DcoError
from dco.providers.aws.errors import asking
from dco.providers.aws.session import AwsSession
from dco.providers.web import HttpWeb
from dco.seams.web import Answer

LONGEST_SUBJECT = 100
"""What SNS takes."""
_SECONDS = 10
_TRIES = 2
_FAILURE = 300


class AwsNotices:
    """Implements `dco.seams.notices.Notices`."""

    def __init__(self, aws: AwsSession, notify: Notify) -> None:
        self._aws = aws
        self._notify = notify
        self._web = HttpWeb()

    def send(self, subject: str, text: str, facts: dict[str, str]) -> tuple[str, ...]:
        """Send to every configured place; return a sentence for each that could not be reached."""
        failures = (self._call_webhook(subject, text, facts), self._publish(subject, text, facts))
        return tuple(failure for failure in failures if failure)

    def _call_webhook(self, subject: str, text: str, facts: dict[str, str]) -> str:
        if self._notify.webhook is None:
            return ""
        # `text` alone is what chat systems show
        body = msgspec.json.encode({"text": f"{subject}\n{text}", "subject": subject, "facts": facts})
        answer = Answer(0, "")
        for _ in range(_TRIES):
            answer = self._web.send(
                self._notify.webhook,
                method="POST",
                body=body,
                timeout=_SECONDS,
                headers={"Content-Type": "application/json"},
            )
            if 0 < answer.status < _FAILURE:
                return ""
        # the path of a webhook is often its password: only the host is named
        host = urlsplit(self._notify.webhook).hostname
        why = f"it answered {answer.status}" if answer.status else answer.body
        return f"the webhook at {host} could not be told: {why}"

    def _publish(self, subject: str, text: str, facts: dict[str, str]) -> str:
        if self._notify.sns_topic is None:
            return ""
        lines = [text, "", *(f"{name}: {value}" for name, value in facts.items())]
        try:
            with asking(f"tell topic {self._notify.sns_topic}"):
                self._aws.sns.publish(
                    TopicArn=self._notify.sns_topic, Subject=plain(subject), Message="\n".join(lines).strip()
                )
        except DcoError as error:
            return error.what
        return ""


def plain(subject: str) -> str:
    """Return a subject as SNS takes it: one line of printable ASCII, at most 100 characters."""
    line = " ".join(subject.split()).encode("ascii", "replace").decode()
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 3] + "..."
