"""The exception tree: every leaf says whether a retry may help, whether the user must be told, and what to do.

AiLspError
├── SettingsError            a settings file or option cannot be used
├── StaleDocument            an answer was asked for text that is not there any more
└── ModelError               a model server did not give a usable answer
    ├── ModelUnreachable     nothing listens, the name does not resolve, the connection broke
    ├── ModelTimeout         no complete answer within the time limit
    ├── ModelRefused         the server understood and said no
    │   ├── BadCredentials   401, 403: the key is missing or wrong
    │   ├── NoSuchModel      404: wrong model name or wrong URL path
    │   ├── PromptTooLong    400/413 about context size: asked again once, smaller
    │   └── BadRequest       any other 4xx
    ├── RateLimited          429: wait before the next request
    ├── ServerFailed         5xx
    ├── MalformedAnswer      not the promised JSON or event stream
    ├── PromptWithheld       nothing was asked: the prompt may not leave this machine
    └── UnknownTemplate      the model's FIM format is not known, and is never guessed
"""

from __future__ import annotations


class AiLspError(Exception):
    """Root of everything raised on purpose. `advice` is a sentence for the user, without secrets."""

    retry: bool = False
    tell_user: bool = False

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text}. {self.advice}" if self.advice else text


class SettingsError(AiLspError):
    """A settings file or an option cannot be used; the default stays in force."""

    tell_user = True


class StaleDocument(AiLspError):
    """The document changed or closed while an answer for it was being made."""


class ModelError(AiLspError):
    """A model server did not give a usable answer; typing goes on without it."""


class ModelUnreachable(ModelError):
    """Nothing listens at the URL, its name does not resolve, or the connection broke."""

    retry = True
    tell_user = True


class ModelTimeout(ModelError):
    """No complete answer within the time limit, in seconds, of the model's settings."""

    retry = True


class ModelRefused(ModelError):
    """The server understood the request and said no (4xx)."""

    tell_user = True


class BadCredentials(ModelRefused):
    """401 or 403: the key is missing, wrong, or not allowed to use this model."""


class NoSuchModel(ModelRefused):
    """404: the model's name or the URL's path is wrong."""


class PromptTooLong(ModelRefused):
    """The prompt does not fit the server's context; `limit_tokens` is its size where the server said it."""

    retry = True
    tell_user = False

    def __init__(self, message: str, advice: str = "", limit_tokens: int | None = None) -> None:
        super().__init__(message, advice)
        self.limit_tokens = limit_tokens


class BadRequest(ModelRefused):
    """Any other 4xx."""


class RateLimited(ModelError):
    """429: too many requests; `retry_after_s` is the server's wish in seconds, where given."""

    retry = True

    def __init__(self, message: str, advice: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message, advice)
        self.retry_after_s = retry_after_s


class ServerFailed(ModelError):
    """The server itself failed (5xx)."""

    retry = True


class MalformedAnswer(ModelError):
    """The answer is not the JSON or event stream that the API promises."""


class PromptWithheld(ModelError):
    """The gate kept the prompt back, which says nothing about the server; the text says why, without secrets."""


class UnknownTemplate(ModelError):
    """The model's fill-in-the-middle format is not in the table, and is never guessed."""

    tell_user = True
