"""What the failure of a request means, read from the text of an HTTP client's error.

Only what is recognised is passed on, in words of our own: such texts hold URLs with signatures, access keys in the
answers of servers, and pages of debugging.
"""

import re
from dataclasses import dataclass
from typing import Final

_STATUS: Final = re.compile(r"status code: (\d{3})\b|\bstatus: (\d{3})\b")
_CODE: Final = re.compile(r"<Code>([A-Za-z]{1,60})</Code>|\"(?:code|reason)\\*\": \\*\"([A-Za-z]{1,60})\\*\"")
_CONTAINER_ABSENT: Final = frozenset(["NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted"])
_IN_THE_WAY: Final = frozenset(["ConditionalRequestConflict", "OperationAborted"])
"""S3 answers so, with 409, where two writes of one name met: nothing was done, and one may try again."""

_NO_CREDENTIALS: Final = ("/latest/api/token", "/latest/meta-data", "computeMetadata", "/metadata/identity")
"""What is asked last, by those who found no credentials: the cloud's own machines have them there."""
_DENIED_REASON: Final = "no credentials were found"
_TEXTS: Final = (
    ("dns error", "its host is not known"),
    ("certificate", "its certificate is not trusted"),
    ("kind: Connect", "nobody answers there"),
    ("kind: Timeout", "no answer in time"),
    ("TimedOut", "no answer in time"),
    ("BadScheme", "it speaks http, which has to be allowed"),
    ("URL scheme is not allowed", "it speaks http, which has to be allowed"),
    ("kind: Request", "the connection broke"),
    ("kind: Interrupted", "the connection broke"),
    ("body error", "the connection broke"),
    ("kind: Body", "the connection broke"),
    ("kind: Decode", "the answer cannot be read"),
)


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed request: the HTTP status and the provider's code, where there are any, and a reason to show."""

    status: int | None
    code: str | None
    reason: str

    @property
    def is_denied(self) -> bool:
        """Whether credentials are missing, wrong, or not enough."""
        return self.status in {401, 403} or self.reason == _DENIED_REASON

    @property
    def container_absent(self) -> bool:
        """Whether it is the bucket or the container that is not there."""
        return self.code in _CONTAINER_ABSENT

    @property
    def is_passing(self) -> bool:
        """Whether trying again makes sense."""
        if self.status is None:
            return not self.is_denied
        return self.status >= 500 or self.status in {408, 429} or self.in_the_way

    @property
    def in_the_way(self) -> bool:
        """Whether another write of the same name was under way, and this one was not done."""
        return self.status == 409 and self.code in _IN_THE_WAY

    @property
    def may_have_been_done(self) -> bool:
        """Whether the server may have done what was asked all the same."""
        never_heard = self.reason in {"nobody answers there", "its host is not known"}
        return not never_heard and not self.in_the_way and self.status != 429


def explain(text: str) -> Failure:
    """What an error's text says."""
    status = "416" if "StartTooLarge" in text else _first(_STATUS, text)
    code = _first(_CODE, text)
    return Failure(int(status) if status else None, code, _reason(text, status, code))


def _reason(text: str, status: str | None, code: str | None) -> str:
    if any(sign in text for sign in _NO_CREDENTIALS):
        return _DENIED_REASON
    if status:
        return f"it answers {status} {code}" if code else f"it answers {status}"
    return next((reason for sign, reason in _TEXTS if sign in text), "the request failed")


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return found and next((group for group in found.groups() if group), None)
