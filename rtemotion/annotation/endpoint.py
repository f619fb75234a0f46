"""Asking an OpenAI-compatible endpoint, which may be slow, busy, broken or gone."""

from __future__ import annotations

import email.utils
import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .errors import AnnotationError
from .prompt import Messages

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

TIMEOUT_S = 60.0
RETRIES = 5
# The first pause before a repetition, and the longest of our own; both are drawn below it.
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
# An endpoint that asks for a longer pause is left for another day.
_LONGEST_WAIT_S = 600.0
_LARGEST_BODY = 4_000_000
_PASSING = frozenset({408, 409, 425, 429})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Endpoint:
    """Where a model is asked, and how patiently.

    Attributes
    ----------
    url : str
        Base address, such as ``https://api.example.org/v1``.
    model : str
        The model's name there.
    key : str
        Sent as a bearer token; never shown.
    timeout : float
        Seconds an answer may take.
    retries : int
        How often a request that failed is repeated.
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout: float = TIMEOUT_S
    retries: int = RETRIES

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        try:
            parts = urlsplit(self.url)
            known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            known = known and self.url.isascii() and self.url.isprintable()
        except ValueError:
            known = False
        if not known or "@" in self.url:
            raise AnnotationError(
                "the endpoint is no address that can be asked, expected one such as "
                "https://api.example.org/v1 without a password in it; correct --endpoint."
            )
        # The connection would complain of such a key by showing it.
        if not all("!" <= character <= "~" for character in self.key):
            raise AnnotationError(
                "the key holds a space or a character that cannot be sent, expected letters, "
                "digits and marks; set its environment variable again."
            )

    @property
    def address(self) -> str:
        """Where requests go."""
        base = self.url.rstrip("/")
        return base if base.endswith("/chat/completions") else f"{base}/chat/completions"

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine."""
        return urlsplit(self.url).hostname in _LOOPBACK


class _PassingError(Exception):
    """A failure that may pass; `pause` is what the endpoint asked for, s."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


class _FormatError(Exception):
    """The endpoint does not take the response format."""


class Chat:
    """One connection to an endpoint.

    Parameters
    ----------
    endpoint : Endpoint
    sleep, draw : callable
        Waits so many seconds; draws a number from 0 to 1.

    Raises
    ------
    AnnotationError
        If httpx is not installed.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        sleep: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.endpoint = endpoint
        self.requests = 0
        self._sleep, self._draw = sleep, draw
        self._strict = True
        self._client = _client(endpoint)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def ask(self, messages: Messages, schema: Mapping[str, Any]) -> bytes:
        """Return the body of a chat completion, as it came.

        Raises
        ------
        AnnotationError
            If the endpoint refuses the request for good, or keeps failing.
        """
        body: dict[str, Any] = {
            "model": self.endpoint.model,
            "messages": messages,
            "temperature": 0,
        }
        if self._strict:
            strict = {"name": "emotions", "strict": True, "schema": schema}
            form = {"type": "json_schema", "json_schema": strict}
            try:
                return self._patiently(body | {"response_format": form})
            except _FormatError as problem:
                self._strict = False
                log.warning(
                    "The endpoint takes no JSON schema (%s): plain JSON is asked for, and "
                    "checked here.",
                    problem,
                )
        return self._patiently(body)

    def _patiently(self, body: dict[str, Any]) -> bytes:
        for attempt in range(self.endpoint.retries + 1):
            try:
                return self._once(body)
            except _PassingError as problem:
                last = problem
            if attempt < self.endpoint.retries:
                pause = self._pause(attempt, last)
                log.warning("The endpoint: %s; asked again in %.1f s.", last, pause)
                self._sleep(pause)
        raise AnnotationError(
            f"{self.endpoint.address} gave no answer in {self.endpoint.retries + 1} tries (the "
            f"last: {last}), expected a chat completion; what was answered is kept, so run the "
            "same command again once it works."
        )

    def _pause(self, attempt: int, problem: _PassingError) -> float:
        if problem.pause is None:
            limit = min(_FIRST_PAUSE_S * 2.0**attempt, _LONGEST_PAUSE_S)
            # At least half, so that repetitions are never immediate.
            return limit * (0.5 + 0.5 * self._draw())
        if problem.pause > _LONGEST_WAIT_S:
            raise AnnotationError(
                f"{self.endpoint.address} asks to wait {problem.pause:.0f} s ({problem}); what "
                "was answered is kept, so run the same command again after that."
            )
        return problem.pause

    def _once(self, body: dict[str, Any]) -> bytes:
        import httpx

        self.requests += 1
        deadline = time.monotonic() + self.endpoint.timeout
        try:
            with self._client.stream("POST", self.endpoint.address, json=body) as response:
                content = _read(response, deadline)
        except httpx.TimeoutException as problem:
            raise _PassingError(f"no answer within {self.endpoint.timeout:g} s") from problem
        except httpx.RequestError as problem:
            raise _PassingError(f"{type(problem).__name__}: {problem}") from problem
        status = response.status_code
        if status == 200:
            return content
        said = self._said(content)
        if status in _PASSING or status >= 500:
            if "insufficient_quota" in said:
                raise self._refused(status, said)
            raise _PassingError(f"{status} {said}".strip(), _asked_pause(response.headers))
        about_format = any(word in said for word in ("response_format", "json_schema", "schema"))
        if "response_format" in body and status in (400, 415, 422) and about_format:
            raise _FormatError(said)
        raise self._refused(status, said)

    def _refused(self, status: int, said: str) -> AnnotationError:
        return AnnotationError(
            f"{self.endpoint.address} refuses the request ({status} {said}), expected a chat "
            "completion; check --endpoint, --model and the key. What was answered is kept."
        )

    def _said(self, content: bytes) -> str:
        """Return an error body's sentence, short and without the key."""
        text = content.decode("utf-8", "replace")
        try:
            error = json.loads(text)["error"]
            code = error.get("code") or ""
            text = f"{error['message']} {code}" if isinstance(error, dict) else str(error)
        except (ValueError, LookupError, TypeError, AttributeError):
            pass
        if self.endpoint.key:
            text = text.replace(self.endpoint.key, "***")
        return " ".join(text.split())[:300]


def _client(endpoint: Endpoint) -> httpx.Client:
    try:
        import httpx
    except ImportError as problem:
        raise AnnotationError(
            "asking an endpoint needs httpx, which is not installed; run: pip install "
            "'rtemotion[annotate]'"
        ) from problem
    headers = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
    return httpx.Client(
        headers=headers,
        timeout=endpoint.timeout,
        # A proxy of the surroundings has no business between this machine and itself.
        trust_env=not endpoint.is_local,
    )


def _read(response: httpx.Response, deadline: float) -> bytes:
    """Return a body, unless it trickles in past the deadline or has no end."""
    parts: list[bytes] = []
    size = 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if time.monotonic() > deadline:
            raise _PassingError("the answer trickled in too slowly")
        if size > _LARGEST_BODY:
            raise _PassingError("the answer has no end")
    return b"".join(parts)


def _asked_pause(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a Retry-After header, a number or a date."""
    said = headers.get("retry-after", "").strip()
    if not said:
        return None
    try:
        return max(0.0, float(said)) if said.replace(".", "", 1).isdigit() else _until(said)
    except (ValueError, TypeError):
        return None


def _until(date: str) -> float:
    moment = email.utils.parsedate_to_datetime(date)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
