"""A service in Flask whose callers log in at Latchkey."""

import os

from flask import Flask, g

from latchkey import Revocations, Verifier, flask_bearer

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

app = Flask(__name__)
bearer = flask_bearer(verifier)


@app.get("/whoami")
@bearer()
def whoami():
    return {"subject": g.claims["sub"]}


@app.get("/orders")
@bearer(scope="orders:read")
def orders():
    return {"orders": [], "of": g.claims["sub"]}
