"""Verifies Latchkey's access tokens in a Python service, and learns of a logout within a second.

Copy this file into your service. It needs Python 3.10 and PyJWT[crypto] 2.6, or later ones.
"""

import base64
import hashlib
import json
import logging
import math
import os
import random
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, NamedTuple

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

Claims = dict[str, Any]

REALM = "latchkey"

# By code: the HTTP status, the title, and the error of RFC 6750 section 3.1.
REFUSALS: dict[str, tuple[int, str, str | None]] = {
    "invalid_request": (400, "The request is malformed", "invalid_request"),
    "token_missing": (401, "This needs an access token", None),
    "token_invalid": (401, "The access token is not valid", "invalid_token"),
    "token_expired": (401, "The access token has expired", "invalid_token"),
    "token_revoked": (401, "The access token has been revoked", "invalid_token"),
    "insufficient_scope": (403, "The token does not allow this", "insufficient_scope"),
    "insufficient_role": (403, "The token is not of a user with this role", "insufficient_scope"),
    "keys_unavailable": (503, "The keys that tokens are verified with cannot be had at present", None),
    "revocations_stale": (503, "Revocations cannot be followed at present", None),
}

_log = logging.getLogger("latchkey")


class VerificationError(Exception):
    """A refusal. Its `code` never changes; its text may be shown to the sender of the token."""

    def __init__(self, code: str, message: str, *, scope: str | None = None):
        super().__init__(message)
        self.code = code
        self.status, self.title, self.error = REFUSALS[code]
        self.scope = scope

    def problem(self) -> dict[str, Any]:
        """The body of the answer (RFC 9457)."""
        return {
            "type": f"urn:latchkey:error:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": str(self),
            "code": self.code,
        }

    def headers(self) -> dict[str, str]:
        """The headers of the answer (RFC 6750 section 3)."""
        headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
        if self.status == 503:
            return {**headers, "Retry-After": "1"}
        parameters = [f'realm="{REALM}"']
        if self.error is not None:
            parameters += [f'error="{self.error}"', f'error_description="{self.title}"']
        if self.scope is not None:
            parameters.append(f'scope="{self.scope}"')
        return {**headers, "WWW-Authenticate": f"Bearer {', '.join(parameters)}"}


@dataclass(frozen=True, kw_only=True)
class Revocations:
    """Where and how revocations are followed.

    `url` is Latchkey's followed by /revocations, and the client has the permission revocations:read. After
    `max_lag_seconds` without an answer it is not known what has been revoked: then every token is refused, or
    where `when_stale` is "accept" only those that are known to be revoked.
    """

    url: str
    client_id: str
    client_secret: str
    max_lag_seconds: float = 10
    when_stale: str = "refuse"

    def __post_init__(self) -> None:
        _require_url(self.url, "revocations.url")
        _require_option(self.url.endswith("/revocations"), "revocations.url must end in /revocations")
        _require_text(self.client_id, "revocations.client_id")
        _require_text(self.client_secret, "revocations.client_secret")
        _require_option(2 <= self.max_lag_seconds <= 3600, "max_lag_seconds must be from 2 to 3600")
        _require_option(self.when_stale in ("refuse", "accept"), "when_stale must be refuse or accept")


class Verifier:
    """Verifies access tokens (RFC 9068), in any number of threads.

    The keys are those at `jwks_url`, or else `public_keys` in PEM and `secrets` of HS256: several of them
    while one replaces another. Where a token names a key that is not known, those at the URL are fetched again,
    though at most every `jwks_min_interval_seconds`. Raises ValueError or TypeError for an option of no use.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        jwks_url: str | None = None,
        public_keys: Sequence[str] = (),
        secrets: Sequence[str] = (),
        leeway_seconds: float = 5,
        jwks_min_interval_seconds: float = 30,
        revocations: Revocations | None = None,
    ):
        self._issuer = _require_text(issuer, "issuer")
        self._audience = _require_text(audience, "audience")
        _require_option(0 <= leeway_seconds <= 300, "leeway_seconds must be from 0 to 300")
        self._leeway_seconds = leeway_seconds
        for keys in (public_keys, secrets):
            _require_option(not isinstance(keys, str), "public_keys and secrets are lists")
        given = [*map(_pem_key, public_keys), *map(_secret_key, secrets)]
        _require_option(
            (jwks_url is not None) != bool(given), "give either jwks_url, or public_keys and secrets"
        )
        self._given_keys = {key.kid: key for key in given}
        self._published_keys = _PublishedKeys(jwks_url, jwks_min_interval_seconds) if jwks_url else None
        self._feed = _Feed(revocations) if revocations else None
        self._background = [each for each in (self._published_keys, self._feed) if each]

    def verify(self, token: str) -> Claims:
        """The claims of a token that is genuine, alive, for this service, and not known to be revoked.

        Raises VerificationError for any other.
        """
        claims = _read_signed(token, self._find_key)
        _check_claims(claims, self._issuer, self._audience, self._leeway_seconds)
        if self._feed:
            self._feed.require_unrevoked(claims)
        return claims

    def ready(self, timeout_seconds: float | None = None) -> None:
        """Waits until keys and revocations are at hand.

        Raises RuntimeError where the configuration has to change, TimeoutError where nothing answers.
        """
        deadline = math.inf if timeout_seconds is None else time.monotonic() + timeout_seconds
        for each in self._background:
            each.ready(deadline)

    @property
    def lag_seconds(self) -> float:
        """For how long nothing was heard of what is revoked; infinite at first. For your metrics."""
        return self._feed.lag_seconds if self._feed else 0

    def close(self) -> None:
        """Ends the work in the background."""
        for each in self._background:
            each.close()

    def _find_key(self, kid: str) -> "_Key | None":
        return self._published_keys.find(kid) if self._published_keys else self._given_keys.get(kid)


# What a token says


class _Key(NamedTuple):
    """A token's `alg` must be that of the key that its `kid` names, so that no algorithm can be confused."""

    kid: str
    algorithm: str
    key: Any


_MAX_TOKEN_LENGTH = 8192
_MAX_AGE_SECONDS = 86_400
_COMPACT = re.compile(r"(eyJ[A-Za-z0-9_-]{1,509})\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]*)")
_PRINTABLE = re.compile(r"[\x21-\x7e]{1,255}")
_SCOPE = re.compile(r"(?:[\x21-\x7e]+(?: [\x21-\x7e]+)*)?")
# RFC 9068 section 4 allows both spellings.
_TYPES = ("at+jwt", "application/at+jwt")
# They let a token choose its own key, or require rules that are not known here (RFC 8725 section 3.10).
_REFUSED_HEADERS = ("crit", "jku", "jwk", "x5u", "x5c")


def _read_signed(token: str, find_key: Callable[[str], _Key | None]) -> Claims:
    """The claims under a correct signature. Nothing of them is read before."""
    _require_valid(isinstance(token, str), "It is not a JSON Web Token.")
    _require_valid(len(token) <= _MAX_TOKEN_LENGTH, "It is too long.")
    _require_valid(not token.startswith("lk_"), "It is an API key, which the auth service alone can check.")
    parts = _COMPACT.fullmatch(token)
    header = _json_object(parts[1]) if parts else None
    if parts is None or header is None:
        raise _invalid("It is not a JSON Web Token.")
    _require_valid(header.get("typ") in _TYPES, "It is not an access token.")
    has_refused = any(name in header for name in _REFUSED_HEADERS)
    _require_valid(not has_refused, "Its header carries members that are not accepted.")
    kid = header.get("kid")
    key = find_key(kid) if isinstance(kid, str) else None
    if key is None or header.get("alg") != key.algorithm:
        raise _invalid("It was signed with a key that is not known here.")
    signature = _decode(parts[3])
    # Several texts decode to the same bytes; only one of them is taken.
    if signature is None or _encode(signature) != parts[3]:
        raise _invalid("Its signature is wrong.")
    algorithm = jwt.get_algorithm_by_name(key.algorithm)
    is_genuine = algorithm.verify(f"{parts[1]}.{parts[2]}".encode(), key.key, signature)
    _require_valid(is_genuine, "Its signature is wrong.")
    claims = _json_object(parts[2])
    if claims is None:
        raise _invalid("Its payload is not a JSON object.")
    return {"scope": "", "rv": [], **claims}


def _check_claims(claims: Claims, issuer: str, audience: str, leeway_seconds: float) -> None:
    """Expiry comes last, so that only a token that is right in every other way is told that it has expired."""
    now = time.time()
    aud: Any = claims.get("aud")
    iat: Any = claims.get("iat")
    exp: Any = claims.get("exp")
    nbf: Any = claims.get("nbf", 0)
    is_for_us = aud == audience or (_is_list_of_text(aud) and audience in aud)
    # A machine client has no session.
    session = claims.get("sid") if claims.get("client_id") is None else claims["client_id"]
    roles, rv, scope = claims.get("roles"), claims["rv"], claims["scope"]

    _require_valid(claims.get("iss") == issuer, "It names another issuer.")
    _require_valid(is_for_us, "It was made for another audience.")
    _require_valid(_is_printable(claims.get("sub")), "It has no subject.")
    _require_valid(_is_printable(session), "It has no session.")
    _require_valid("api_key_id" not in claims, "It claims to be a key.")
    _require_valid(_is_printable(claims.get("jti")), "It has no id.")
    _require_valid(isinstance(roles, list) and all(map(_is_printable, roles)), "It has no list of roles.")
    _require_valid(_is_number(iat) and iat <= now + leeway_seconds, "It is from the future.")
    _require_valid(_is_number(exp), "It has no expiry.")
    _require_valid(_is_number(nbf) and nbf <= now + leeway_seconds, "It is not valid yet.")
    is_scope = isinstance(scope, str) and _SCOPE.fullmatch(scope) is not None
    _require_valid(is_scope, "Its scope is not a list of permissions.")
    _require_valid(isinstance(rv, list) and all(map(_is_number, rv)), "Its versions are not numbers.")
    _require_valid(_is_list_of_text(claims.get("from_roles", [])), "It does not say from which roles it is.")
    _require_valid(_is_list_of_text(claims.get("amr", [])), "It does not say how its user signed in.")
    _require_valid(_is_number(claims.get("auth_time", 0)), "It does not say when its user signed in.")
    expires_at = min(exp, iat + _MAX_AGE_SECONDS)
    if now >= expires_at + leeway_seconds:
        ago = int(now - expires_at)
        raise VerificationError("token_expired", f"The access token expired {ago} seconds ago.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _is_printable(value: Any) -> bool:
    return isinstance(value, str) and _PRINTABLE.fullmatch(value) is not None


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _json_object(encoded: str) -> dict[str, Any] | None:
    content = _decode(encoded)
    try:
        value = json.loads(content.decode()) if content else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _decode(encoded: str) -> bytes | None:
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except ValueError:
        return None


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _invalid(reason: str) -> VerificationError:
    return VerificationError("token_invalid", f"The access token is not valid. {reason}")


def _require_valid(condition: bool, reason: str) -> None:
    if not condition:
        raise _invalid(reason)


# Keys


def _secret_key(secret: str) -> _Key:
    _require_text(secret, "a secret")
    try:
        key = jwt.get_algorithm_by_name("HS256").prepare_key(secret)
    except jwt.InvalidKeyError as error:
        raise ValueError(f"a secret must not be a public key: {error}") from error
    return _Key(_thumbprint({"k": _encode(key), "kty": "oct"}), "HS256", key)


def _pem_key(pem: str) -> _Key:
    _require_text(pem, "a public key")
    try:
        return _public_key(load_pem_public_key(pem.encode()))
    except ValueError as error:
        raise ValueError(f"a public key must be one in PEM: {error}") from error


def _public_key(key: Any) -> _Key:
    """A key of ES256 or RS256. Raises ValueError for any other."""
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        point = key.public_numbers()
        members = {
            "crv": "P-256",
            "kty": "EC",
            "x": _encode_number(point.x, 32),
            "y": _encode_number(point.y, 32),
        }
        return _Key(_thumbprint(members), "ES256", key)
    if isinstance(key, RSAPublicKey) and key.key_size >= 2048:
        numbers = key.public_numbers()
        members = {"e": _encode_number(numbers.e), "kty": "RSA", "n": _encode_number(numbers.n)}
        return _Key(_thumbprint(members), "RS256", key)
    raise ValueError("it is neither EC on P-256 (ES256) nor RSA of at least 2048 bits (RS256)")


def _thumbprint(members: dict[str, str]) -> str:
    """The name of a key in `kid` (RFC 7638)."""
    canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return _encode(hashlib.sha256(canonical.encode()).digest())


def _encode_number(number: int, length: int | None = None) -> str:
    return _encode(number.to_bytes(length or (number.bit_length() + 7) // 8, "big"))


def _keys_of_jwks(jwks: Any) -> dict[str, _Key]:
    """The keys that can have signed a token. Others are left out, as RFC 7517 section 5 advises."""
    if not isinstance(jwks, dict) or not isinstance(jwks.get("keys"), list):
        raise ValueError("it is not a JWK Set")
    keys = {}
    for jwk in jwks["keys"]:
        try:
            key = _public_key(jwt.PyJWK(jwk).key)
        except Exception as error:  # Whatever the library finds wrong with it.
            _log.debug("a key of the JWK Set is left out: %s", error)
            continue
        is_for_tokens = jwk.get("use", "sig") == "sig" and jwk.get("alg", key.algorithm) == key.algorithm
        if is_for_tokens and isinstance(jwk.get("kid"), str):
            keys[jwk["kid"]] = key
    return keys


# Work in the background


class _Background:
    """Work in a thread of its own, until it is closed. A process that is forked off has such a thread too."""

    def __init__(self) -> None:
        self._is_closed = False
        self._failure: str | None = "there is no answer yet"
        self._is_final = False
        self._begin()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        # New ones, since a thread that the fork left behind may hold the others.
        self._lock = threading.Lock()
        self._changed = threading.Condition()
        self._closing = threading.Event()
        if not self._is_closed:
            threading.Thread(target=self._run, name=f"latchkey{type(self).__name__}", daemon=True).start()

    def _run(self) -> None:
        raise NotImplementedError

    def _is_ready(self) -> bool:
        return self._failure is None

    def ready(self, deadline: float) -> None:
        timeout = None if deadline == math.inf else deadline - time.monotonic()
        with self._changed:
            self._changed.wait_for(lambda: self._is_ready() or self._is_final, timeout)
        if not self._is_ready():
            raise (RuntimeError if self._is_final else TimeoutError)(self._failure)

    def close(self) -> None:
        self._is_closed = True
        self._closing.set()

    def _settle(self, failure: str | None, is_final: bool = False) -> None:
        """Keeps how it went, and logs each way to fail once, until it works again."""
        if failure is not None and failure != self._failure:
            _log.warning(failure)
        with self._changed:
            self._failure, self._is_final = failure, is_final
            self._changed.notify_all()


class _PublishedKeys(_Background):
    """The keys of a JWK Set: fetched at the start, every five minutes, and when a token names an unknown one."""

    _MAX_AGE_SECONDS = 300
    _RETRY_SECONDS = 2

    def __init__(self, url: str, min_interval_seconds: float):
        self._url = _require_url(url, "jwks_url")
        _require_option(min_interval_seconds >= 0, "jwks_min_interval_seconds must not be negative")
        self._min_interval_seconds = min_interval_seconds
        self._keys: dict[str, _Key] = {}
        self._tried_at = -math.inf
        super().__init__()

    def find(self, kid: str) -> _Key | None:
        if kid not in self._keys:
            self._refresh()
        key = self._keys.get(kid)
        if key is None and not self._is_ready():
            raise VerificationError(
                "keys_unavailable", "The keys of the auth service cannot be had at present."
            )
        return key

    def _run(self) -> None:
        while not self._is_closed:
            self._refresh()
            self._closing.wait(self._MAX_AGE_SECONDS if self._is_ready() else self._RETRY_SECONDS)

    def _refresh(self) -> None:
        """Fetches the keys, unless that was done a moment ago: a `kid` can be made up."""
        with self._lock:
            interval = self._min_interval_seconds if self._is_ready() else self._RETRY_SECONDS
            if time.monotonic() < self._tried_at + interval:
                return
            self._tried_at = time.monotonic()
            try:
                answer = _ask(self._url)
                if answer.status != 200:
                    is_final = answer.status in (401, 403, 404, 410)
                    self._settle(f"no keys: {self._url} answered {answer.status}", is_final)
                    return
                # Also where none is left: the removal of a key that has leaked must take effect.
                self._keys = _keys_of_jwks(answer.body)
            except Exception as error:  # Whatever it is, the keys from before are better than none.
                self._settle(f"no keys: {self._url}: {error}")
                return
            if self._keys:
                self._settle(None)
            else:
                self._settle(f"no keys: {self._url} has none; under HS256 give the secret instead", True)


# Revocations


class _Event(NamedTuple):
    """What is revoked; the times are in milliseconds since 1970."""

    kind: str
    subject: str
    not_before: int
    expires_at: int


_TIMED_KINDS = ("user", "rights", "role")
_KINDS = ("session", *_TIMED_KINDS)


class _Revoked:
    """What is revoked, until no token that it is about can be alive. Threads may read it while one writes."""

    def __init__(self) -> None:
        self._events: dict[str, dict[str, _Event]] = {kind: {} for kind in _KINDS}
        self._pruned_at = -math.inf

    def add(self, events: Iterable[_Event]) -> None:
        for event in events:
            known = self._events[event.kind].get(event.subject)
            # A threshold never falls, in whatever order events come.
            if known is None or known.not_before < event.not_before:
                self._events[event.kind][event.subject] = event

    def prune(self, now: int) -> None:
        # Where there are many it takes a while.
        if time.monotonic() < self._pruned_at + 10:
            return
        self._pruned_at = time.monotonic()
        for events in self._events.values():
            for event in [event for event in events.values() if event.expires_at < now]:
                del events[event.subject]

    def has_ended(self, claims: Claims) -> bool:
        user = self._events["user"].get(claims["sub"])
        is_too_old = user is not None and claims["iat"] < math.ceil(user.not_before / 1000)
        # A machine client's token has no session, and is revoked by itself.
        return is_too_old or claims.get("sid", claims["jti"]) in self._events["session"]

    def holds_old_rights(self, claims: Claims) -> bool:
        """A token that has no version is older than any."""
        roles = claims["from_roles"] if "from_roles" in claims else claims["roles"]
        subjects = [("rights", claims["sub"]), *(("role", role) for role in roles)]
        versions = claims["rv"] + [0] * len(subjects)
        return any(self._is_below(*subject, version) for subject, version in zip(subjects, versions))

    def _is_below(self, kind: str, subject: str, version: float) -> bool:
        event = self._events[kind].get(subject)
        return event is not None and version < event.not_before


class _FeedError(Exception):
    def __init__(self, what: str, answer: "_Answer", meanings: dict[int, str]):
        super().__init__(f"{what} answered {answer.status}{_explanation(answer.body)}")
        self.meaning = meanings.get(answer.status)
        self.retry_after_seconds = min(60.0, answer.retry_after_seconds)


class _Feed(_Background):
    """Follows what Latchkey revokes, by requests that it answers as soon as there is something new."""

    # Below the 600 a minute that one token is allowed.
    _PACE_SECONDS = 0.125
    _TOKEN_MEANINGS = {400: "final", 401: "final", 403: "final", 404: "final"}
    # A token that has just been revoked is a 401 too, and the next one may be valid.
    _PAGE_MEANINGS = {400: "cursor_gone", 403: "final", 404: "final", 410: "cursor_gone"}

    def __init__(self, options: Revocations):
        self._options = options
        # An answer that says that there is nothing new comes twice in the time after which it is stale.
        self._wait_seconds = max(1, min(25, int(options.max_lag_seconds / 2)))
        self._revoked = _Revoked()
        self._heard_at = (-math.inf, -math.inf)
        self._token = ""
        self._renew_at = -math.inf
        super().__init__()

    @property
    def lag_seconds(self) -> float:
        return max(now - heard_at for now, heard_at in zip(_clocks(), self._heard_at))

    def require_unrevoked(self, claims: Claims) -> None:
        if self._revoked.has_ended(claims):
            message = "Its session has ended, or its account was deleted or disabled."
            raise VerificationError("token_revoked", message)
        if self._revoked.holds_old_rights(claims):
            message = (
                "What it may do has changed since it was issued. "
                "Get another one: the session goes on, so a refresh will do."
            )
            raise VerificationError("token_revoked", message)
        if self._options.when_stale == "refuse" and not self._is_ready():
            message = "Whether this token has been revoked is not known at present."
            raise VerificationError("revocations_stale", message)

    def _is_ready(self) -> bool:
        return self.lag_seconds <= self._options.max_lag_seconds

    def _run(self) -> None:
        cursor: str | None = None
        failures = 0
        while not self._is_closed:
            begun_at = time.monotonic()
            try:
                # After a failure the request asks whether Latchkey is back, so it must not wait for news.
                cursor = self._follow(cursor, 0 if failures else self._wait_seconds)
                failures = 0
                pause = begun_at + self._PACE_SECONDS - time.monotonic()
            except Exception as error:  # Whatever it is, it must not end the thread.
                if cursor is not None and getattr(error, "meaning", None) == "cursor_gone":
                    cursor, pause = None, self._PACE_SECONDS
                else:
                    failures += 1
                    pause = self._recover(error, failures)
            self._closing.wait(max(0.0, pause))

    def _follow(self, cursor: str | None, wait_seconds: int) -> str:
        """Applies the page after the cursor, or the first one, and returns the cursor of the next."""
        authorization = {"Authorization": f"Bearer {self._access_token()}"}
        query = (
            "" if cursor is None else "?" + urllib.parse.urlencode({"after": cursor, "wait": wait_seconds})
        )
        sent_at = _clocks()
        answer = _ask(self._options.url + query, authorization, timeout_seconds=wait_seconds + 5)
        if answer.status == 401:
            self._renew_at = -math.inf
        if answer.status != 200:
            raise _FeedError("the feed", answer, self._PAGE_MEANINGS)
        page = _page(answer.body)
        self._revoked.add(page.events)
        if not page.has_more:
            self._revoked.prune(page.now)
            # What is known is as old as Latchkey's own knowledge, and as the answer was long under way.
            monotonic, wall = (
                min(now, sent + answer.waited_seconds) - page.lag_seconds
                for now, sent in zip(_clocks(), sent_at)
            )
            self._heard_at = (monotonic, wall)
            self._settle(None)
        return page.cursor

    def _recover(self, error: Exception, failures: int) -> float:
        """For how long to wait: a random time, so that not all services come back at once."""
        is_final = getattr(error, "meaning", None) == "final"
        self._settle(f"revocations are not followed: {error}", is_final)
        # The configuration has to change first, and each attempt is an entry in an audit log.
        at_most = 60.0 if is_final else min(2.0, 0.25 * 2 ** min(failures - 1, 3))
        return getattr(error, "retry_after_seconds", 0.0) + random.random() * at_most

    def _access_token(self) -> str:
        """That of the machine client (RFC 6749 section 4.4), another one before it expires."""
        if time.monotonic() >= self._renew_at:
            # RFC 6749 section 2.3.1: both parts are form-encoded.
            parts = (self._options.client_id, self._options.client_secret)
            credentials = ":".join(map(urllib.parse.quote_plus, parts))
            answer = _ask(
                urllib.parse.urljoin(self._options.url, "oauth/token"),
                {"Authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}"},
                form={"grant_type": "client_credentials", "scope": "revocations:read"},
            )
            if answer.status != 200:
                raise _FeedError("the token endpoint", answer, self._TOKEN_MEANINGS)
            self._token = answer.body["access_token"]
            self._renew_at = time.monotonic() + answer.body["expires_in"] - 30
        return self._token


class _Page(NamedTuple):
    events: list[_Event]
    cursor: str
    has_more: bool
    now: int
    lag_seconds: float


def _page(body: Any) -> _Page:
    """Raises ValueError for one that is not whole: what is half understood could let a revoked token pass."""
    try:
        events, cursor, has_more = body["events"], body["cursor"], body["more"]
        now, lag_seconds = _milliseconds(body["now"]), body["lag_milliseconds"] / 1000
        known = [_event(**event) for event in events if event["kind"] in _KINDS]
        is_whole = isinstance(events, list) and isinstance(cursor, str) and isinstance(has_more, bool)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError("the feed answered with an invalid page") from error
    if not is_whole or not lag_seconds >= 0:
        raise ValueError("the feed answered with an invalid page")
    return _Page(known, cursor, has_more, now, lag_seconds)


def _event(*, kind: str, id: str, expires_at: str, not_before: str | None = None, **_: Any) -> _Event:
    if not isinstance(id, str) or (kind in _TIMED_KINDS and not_before is None):
        raise ValueError("the event is not whole")
    return _Event(kind, id, 0 if not_before is None else _milliseconds(not_before), _milliseconds(expires_at))


def _milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def _explanation(body: Any) -> str:
    """That of a problem document (RFC 9457), or of an error of RFC 6749 section 5.2."""
    if not isinstance(body, dict):
        return ""
    if body.get("error") == "invalid_scope":
        return ", invalid_scope: the client lacks the permission revocations:read"
    parts = (body.get("code", body.get("error")), body.get("detail", body.get("error_description")))
    given = [part for part in parts if isinstance(part, str)]
    return f", {': '.join(given)}" if given else ""


def _clocks() -> tuple[float, float]:
    """Two of them: one never jumps, and only the other goes on while a machine is suspended."""
    return time.monotonic(), time.time()


# HTTP


class _Answer(NamedTuple):
    """The body is None where it is no JSON."""

    status: int
    body: Any
    retry_after_seconds: float
    waited_seconds: float


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """What is asked for is where the operator says, and credentials go nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


_http = urllib.request.build_opener(_NoRedirects)
_MAX_BYTES = 8 * 2**20


def _ask(
    url: str,
    headers: dict[str, str] | None = None,
    *,
    form: dict[str, str] | None = None,
    timeout_seconds: float = 5,
) -> _Answer:
    data = None if form is None else urllib.parse.urlencode(form).encode()
    try:
        response = _http.open(urllib.request.Request(url, data, headers or {}), timeout=timeout_seconds)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        content = response.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise ValueError(f"{url} answered with more than {_MAX_BYTES} bytes")
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    retry_after = re.fullmatch(r"\d{1,9}", response.headers.get("Retry-After", ""))
    waited = re.search(r"\bwait;dur=(\d{1,9})\b", response.headers.get("Server-Timing", ""))
    return _Answer(
        response.status,
        body,
        retry_after_seconds=float(retry_after[0]) if retry_after else 0.0,
        waited_seconds=float(waited[1]) / 1000 if waited else 0.0,
    )


# Requests to your service

_BEARER = re.compile(r"bearer +([A-Za-z0-9\-._~+/]+=*)", re.IGNORECASE)
# What needs no escape in a quoted string of WWW-Authenticate.
_QUOTABLE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")


def authorize(
    verifier: Verifier, authorization: Sequence[str], *, scope: str | None = None, role: str | None = None
) -> Claims:
    """The claims of a request with these Authorization headers. Raises VerificationError.

    `scope` is the permission that is needed, or several with spaces between them: then all of them.
    """
    _check_needs(scope, role)
    claims = verifier.verify(_bearer_token(authorization))
    held = claims["scope"].split(" ")
    missing = [permission for permission in (scope or "").split() if permission not in held]
    if missing:
        message = f"This needs the permission {' '.join(missing)}."
        raise VerificationError("insufficient_scope", message, scope=scope)
    if role is not None and role not in claims["roles"]:
        raise VerificationError("insufficient_role", f"This needs the role {role}.")
    return claims


def flask_bearer(verifier: Verifier) -> Callable[..., Any]:
    """Makes a decorator for Flask, `@bearer(scope="orders:read")`: the claims are in `flask.g.claims`."""
    from flask import Response, current_app, g, request

    def bearer(*, scope: str | None = None, role: str | None = None) -> Callable[..., Any]:
        _check_needs(scope, role)

        def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(view)
            def guarded(*args: Any, **kwargs: Any) -> Any:
                headers = request.headers.getlist("Authorization")
                try:
                    g.claims = authorize(verifier, headers, scope=scope, role=role)
                except VerificationError as error:
                    return Response(json.dumps(error.problem()), error.status, error.headers())
                return current_app.ensure_sync(view)(*args, **kwargs)

            return guarded

        return decorate

    return bearer


def fastapi_bearer(verifier: Verifier) -> Callable[..., Any]:
    """Makes dependencies for FastAPI, `Depends(bearer(scope="orders:read"))`, which give the claims.

    The app needs the handler as well: `app.add_exception_handler(VerificationError, fastapi_refusal)`.
    """
    from fastapi import Depends, Request
    from fastapi.security import HTTPBearer

    # So that the OpenAPI document says it.
    documented = Depends(HTTPBearer(auto_error=False))

    def bearer(*, scope: str | None = None, role: str | None = None) -> Callable[..., Claims]:
        _check_needs(scope, role)

        # Without async it runs in a thread, and may wait until keys are fetched.
        def claims(request: Request, _: Any = documented) -> Claims:
            return authorize(verifier, request.headers.getlist("Authorization"), scope=scope, role=role)

        return claims

    return bearer


def fastapi_refusal(_request: Any, error: VerificationError) -> Any:
    """Answers a request that was refused."""
    from fastapi.responses import JSONResponse

    return JSONResponse(error.problem(), error.status, error.headers())


def _bearer_token(authorization: Sequence[str]) -> str:
    """Out of the header and nothing else; another scheme counts as no token."""
    if len(authorization) > 1:
        raise VerificationError("invalid_request", "The request has more than one Authorization header.")
    credentials = authorization[0] if authorization else ""
    if credentials.split(" ", 1)[0].lower() != "bearer":
        raise VerificationError("token_missing", "Send the header Authorization: Bearer ACCESS_TOKEN.")
    token = _BEARER.fullmatch(credentials)
    if token is None:
        raise VerificationError("invalid_request", "The Authorization header must be: Bearer ACCESS_TOKEN.")
    return token[1]


# Options: a check that is skipped in silence is worse than none.


def _check_needs(scope: str | None, role: str | None) -> None:
    for name, value in (("scope", scope), ("role", role)):
        is_text = isinstance(value, str) and _QUOTABLE.fullmatch(value) is not None
        _require_option(value is None or is_text, f"{name} must be a text of visible ASCII")


def _require_option(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _require_text(value: str, name: str) -> str:
    _require_option(isinstance(value, str) and value != "", f"{name} must be a text that is not empty")
    return value


def _require_url(value: str, name: str) -> str:
    is_url = re.match(r"https?://.", _require_text(value, name)) is not None
    _require_option(is_url, f"{name} must be a URL of http or https")
    return value
