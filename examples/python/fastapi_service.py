"""A service in FastAPI whose callers log in at Latchkey."""

import os

from fastapi import Depends, FastAPI

from latchkey import Claims, Revocations, VerificationError, Verifier, fastapi_bearer, fastapi_refusal

LATCHKEY = os.environ.get("LATCHKEY_URL", "http://localhost:3000")

verifier = Verifier(
    issuer=os.environ.get("JWT_ISSUER", LATCHKEY),
    audience="latchkey",
    jwks_url=f"{LATCHKEY}/.well-known/jwks.json",
    revocations=Revocations(
        url=f"{LATCHKEY}/revocations",
        client_id=os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
    ),
)
verifier.ready()

app = FastAPI()
app.add_exception_handler(VerificationError, fastapi_refusal)
bearer = fastapi_bearer(verifier)


@app.get("/whoami")
def whoami(claims: Claims = Depends(bearer())):
    return {"subject": claims["sub"]}


@app.get("/orders")
def orders(claims: Claims = Depends(bearer(scope="orders:read"))):
    return {"orders": [], "of": claims["sub"]}
