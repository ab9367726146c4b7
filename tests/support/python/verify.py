"""Runs examples/python/latchkey.py for the tests: a request a line in JSON, and an answer a line."""

import json
import os
import sys

import latchkey

verifiers: dict[str, latchkey.Verifier] = {}


def make(name, options):
    revocations = options.pop("revocations", None)
    if revocations is not None:
        options["revocations"] = latchkey.Revocations(**revocations)
    verifiers[name] = latchkey.Verifier(**options)


def ready(name, timeout):
    verifiers[name].ready(timeout)


def verify(name, token):
    return verifiers[name].verify(token)


def authorize(name, headers, **needs):
    return latchkey.authorize(verifiers[name], headers, **needs)


def lag(name):
    # JSON has no infinity.
    return min(verifiers[name].lag_seconds, 1e9)


def close(name):
    verifiers[name].close()


def refusals():
    return latchkey.REFUSALS


def fork():
    """The child goes on, and this process ends with it."""
    child = os.fork()
    if child != 0:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


COMMANDS = {
    command.__name__: command for command in (make, ready, verify, authorize, lag, close, refusals, fork)
}

for line in sys.stdin:
    name, arguments = json.loads(line)
    try:
        answer = {"result": COMMANDS[name](**arguments)}
    except latchkey.VerificationError as error:
        answer = {
            "code": error.code,
            "status": error.status,
            "message": str(error),
            "headers": error.headers(),
        }
    except Exception as error:
        answer = {"raised": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
