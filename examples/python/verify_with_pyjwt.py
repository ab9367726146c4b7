#!/usr/bin/env python3
"""Verifies Latchkey's access tokens with PyJWT."""

import jwt

import latchkey

keys = latchkey.Keys(load=lambda jwk: jwt.PyJWK(jwk).key)


def verify(token):
    """The claims of a token that is genuine, alive and for us. Raises whatever it is for any other."""
    header = jwt.get_unverified_header(token)
    latchkey.check_header(header)
    claims = jwt.decode(
        token,
        keys.of(header),
        algorithms=[latchkey.ALGORITHM],
        issuer=latchkey.ISSUER,
        audience=latchkey.AUDIENCE,
        leeway=latchkey.LEEWAY_SECONDS,
        options={"require": latchkey.REQUIRED_CLAIMS},
    )
    return latchkey.check_claims(claims)


if __name__ == "__main__":
    latchkey.run(verify)
