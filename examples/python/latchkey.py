"""What verifying Latchkey's access tokens takes, whichever library looks at the signature."""

import base64
import json
import math
import os
import sys
import time
import urllib.request

ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]
# Never what a token's own header says.
ALGORITHM = os.environ["ALGORITHM"]
if ALGORITHM not in ["HS256", "RS256", "ES256"]:
    sys.exit("ALGORITHM must be HS256, RS256 or ES256")
# An empty secret is known to everyone.
if ALGORITHM == "HS256" and not os.environ.get("SECRET"):
    sys.exit("SECRET must be that of Latchkey")

LEEWAY_SECONDS = 5
REQUIRED_CLAIMS = ["iss", "aud", "exp", "iat", "sub", "jti"]
# RFC 9068 section 4 allows both spellings.
ACCESS_TOKEN_TYPES = ["at+jwt", "application/at+jwt"]

MAX_AGE_SECONDS = 300
COOLDOWN_SECONDS = 10
TIMEOUT_SECONDS = 5


class Refused(Exception):
    """The token is not good enough."""


class Keys:
    """The keys of tokens, as `load` makes them of a JWK: of SECRET under HS256, else of those at JWKS_URL by `kid`."""

    def __init__(self, load):
        self.load = load
        self.secret = load(secret_as_jwk()) if ALGORITHM == "HS256" else None
        self.published = {}
        self.fetched_at = self.asked_at = -math.inf

    def of(self, header):
        if self.secret is not None:
            return self.secret
        kid = header.get("kid")
        now = time.monotonic()
        is_due = kid not in self.published or now > self.fetched_at + MAX_AGE_SECONDS
        # A kid can be made up: that must not cause a request each.
        if is_due and now > self.asked_at + COOLDOWN_SECONDS:
            self.asked_at = now
            self.fetch()
        if kid not in self.published:
            raise Refused("no published key has this kid")
        return self.published[kid]

    def fetch(self):
        try:
            with urllib.request.urlopen(os.environ["JWKS_URL"], timeout=TIMEOUT_SECONDS) as answer:
                keys = json.load(answer)["keys"]
            self.published = {key["kid"]: self.load(key) for key in keys if key.get("alg") == ALGORITHM}
            self.fetched_at = self.asked_at
        except Exception as error:  # Whatever it is: the keys from before are better than none.
            print(f"the keys cannot be had: {error!r}", file=sys.stderr)


def secret_as_jwk():
    k = base64.urlsafe_b64encode(os.environb[b"SECRET"]).rstrip(b"=").decode()
    return {"kty": "oct", "alg": "HS256", "k": k}


def check_header(header):
    """What the libraries do not look at. The algorithm they do."""
    if header.get("typ") not in ACCESS_TOKEN_TYPES:
        raise Refused("this is no access token")
    # It names extensions that a reader must understand (RFC 7515 section 4.1.11); this one knows none.
    if "crit" in header:
        raise Refused("the header has the member crit")


def check_claims(claims):
    """What one library or the other lets pass."""
    if not all(type(claims[name]) in (int, float) for name in ("iat", "exp")):
        raise Refused("iat and exp must be numbers")
    if not all(isinstance(claims[name], str) and claims[name] for name in ("sub", "jti")):
        raise Refused("sub and jti must be text")
    if claims["iat"] > time.time() + LEEWAY_SECONDS:
        raise Refused("the token is from the future")
    return claims


def run(verify):
    """Reads a token a line, and answers with a JSON document a line."""
    for line in sys.stdin.buffer:
        try:
            answer = {"ok": True, "claims": verify(line.rstrip(b"\r\n").decode("ascii"))}
        except Exception as error:  # Whatever a token makes a library throw, it is refused.
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
