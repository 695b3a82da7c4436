"""Every error of this package, under one root.

EnvyboxError
├── SettingsError          a setting that cannot be used; stops the start
├── RequestError           a request that is refused; carries the HTTP answer
│   ├── TooLarge               413
│   ├── Malformed              400
│   ├── TooSlow                408
│   ├── UnsupportedMediaType   415
│   ├── InvalidKey             403
│   ├── NotConfigured          503
│   └── MethodNotAllowed       405
├── Unaskable              a question that the store has no index for
├── BackendError           the store or the publisher did not do what it was asked
│   ├── Unavailable            not now: down, slow, full; worth another try
│   │   ├── CallRefused            an answer at once that may meet all: a grant, a setting
│   │   │   ├── NotFound               what the call names is not there: a topic, a database
│   │   │   └── InvalidCall            the call as it is, for what it holds or how it is made
│   │   └── UnknownOutcome         it was sent and not answered: it may have been done
│   └── Rejected               never: this very thing is refused, while others are taken
├── NotAnEvent             a subscriber gave `read_event` something else
│   └── NewerSchema            an event of a schema version that is not known here
├── NoStory                events that share nothing to tell a story of
├── ActError               what a subscriber does about an event was not done, and why
│   ├── Refused                never: the service will not take this, however often it is sent
│   └── Denied                 not until a person changes credentials, rights or settings
└── OnceError              a subscriber's turn did not begin, or did not count
    ├── InProgress             another run has this key now: fail, to be sent it again
    └── TurnLost               the run outlived its lock, and another took the key over
"""

from __future__ import annotations


class EnvyboxError(Exception):
    """The root of all errors raised here on purpose."""


class SettingsError(EnvyboxError):
    """A setting that cannot be used. The text names it and says what it takes."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name
        self.problem = problem


class RequestError(EnvyboxError):
    """A refused request. `code` is the answer's `error`, `status` its HTTP status.

    `from_envybox`, for the log: whether the request looks like a webhook all the same.
    """

    from_envybox = False
    status = 400
    code = "malformed"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.code)
        self.detail = detail


class TooLarge(RequestError):
    """The body is over the limit."""

    status = 413
    code = "too_large"


class Malformed(RequestError):
    """The body is not what its content type says, or has too many fields."""


class TooSlow(RequestError):
    """The body did not come within its time."""

    status = 408
    code = "too_slow"


class UnsupportedMediaType(RequestError):
    """A content type that no webhook has."""

    status = 415
    code = "unsupported_media_type"


class InvalidKey(RequestError):
    """No key, a wrong one, or more than one: the answer does not tell which."""

    status = 403
    code = "invalid_key"


class NotConfigured(RequestError):
    """No key is configured: nothing is accepted until one is."""

    status = 503
    code = "not_configured"


class MethodNotAllowed(RequestError):
    """A method that the entry point does not serve."""

    status = 405
    code = "method_not_allowed"


class Unaskable(EnvyboxError):
    """A question that the store has no index for. The text says what can be asked."""


class BackendError(EnvyboxError):
    """The store or the publisher failed. The text holds a status name, never a value."""


class Unavailable(BackendError):
    """It cannot be done now. The same call may succeed later."""


class CallRefused(Unavailable):
    """The backend answers, and refuses: for a grant, a topic, a header, a release.

    That may meet every call, until somebody mends it: an outage, but one that is quick.
    """


class NotFound(CallRefused):
    """What the call names is not there: a topic, a database, a document."""


class InvalidCall(CallRefused):
    """The call is not taken as it is: for what is in it, or for how all are made."""


class UnknownOutcome(Unavailable):
    """It was sent, and no answer came: it may have been done. Look before you repeat it."""


class Rejected(BackendError):
    """It can never be done: the backend refuses this very thing, while it takes others."""


class NotAnEvent(EnvyboxError):
    """What was given holds no event. The text says what it is like, never what is in it."""


class NewerSchema(NotAnEvent):
    """An event of a later major version: its fields may mean something else."""


class NoStory(EnvyboxError):
    """The events share no call, chat or visitor, or there are none."""


class ActError(EnvyboxError):
    """The root of what a subscriber's own act raises; `Unavailable` is for what passes."""


class Refused(ActError):
    """The service will never take this. The text holds its error code, never a value."""


class Denied(ActError):
    """Not until a person changes something: a token, a right, a setting, a payment."""


class OnceError(EnvyboxError):
    """The root of what `Once` raises itself; a keeper that fails raises `Unavailable`."""


class InProgress(OnceError):
    """Another run has this key now. Let it fail: the message comes again, later."""


class TurnLost(OnceError):
    """The act took longer than its lock and another run began it: it may be done twice."""
