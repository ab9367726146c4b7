#!/usr/bin/env python3
"""Verifies Latchkey's access tokens with python-jose."""

from jose import jwk, jwt

import latchkey

keys = latchkey.Keys(load=lambda key: jwk.construct(key, latchkey.ALGORITHM))


def verify(token):
    """The claims of a token that is genuine, alive and for us. Raises whatever it is for any other."""
    header = jwt.get_unverified_header(token)
    latchkey.check_header(header)
    claims = jwt.decode(
        token,
        keys.of(header),
        # A list: in a text it would look for a part of it.
        algorithms=[latchkey.ALGORITHM],
        issuer=latchkey.ISSUER,
        audience=latchkey.AUDIENCE,
        options={
            "leeway": latchkey.LEEWAY_SECONDS,
            **{f"require_{claim}": True for claim in latchkey.REQUIRED_CLAIMS},
        },
    )
    return latchkey.check_claims(claims)


if __name__ == "__main__":
    latchkey.run(verify)
