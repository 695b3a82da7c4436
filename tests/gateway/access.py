"""Who calls, and what for: the token, the headers that name the database, the grants."""

from __future__ import annotations

from urllib.parse import parse_qs

import grpc

from tests.gateway.call import Call, Rule
from tests.gateway.deployment import Deployment

Status = grpc.StatusCode
_FORMAT = (
    "Please fill in the request header with format "
    "x-goog-request-params:project_id={0}&database_id={1}. Please refer to "
    "https://firebase.google.com/docs/firestore/manage-databases"
    "#access_a_named_database_with_a_client_library for more details."
)


def _token(call: Call, _deployment: Deployment) -> str | None:
    if "authorization" not in call.metadata:
        return (
            "Request is missing required authentication credential. Expected OAuth 2 access "
            "token, login cookie or other valid authentication credential."
        )
    if call.account is None:
        return (
            "Request had invalid authentication credentials. Expected OAuth 2 access token, "
            "login cookie or other valid authentication credential."
        )
    return None


def _routing(call: Call, _deployment: Deployment) -> str | None:
    _, project, _, database = call.database.split("/")
    prefix = call.metadata.get("google-cloud-resource-prefix")
    header = call.metadata.get("x-goog-request-params", "")
    params = parse_qs(header)
    names = (params.get("project_id"), params.get("database_id"))
    if prefix not in (None, call.database) or names not in ((None, None), ([project], [database])):
        return (
            "Mismatch between database name in the request and http header "
            "('google-cloud-resource-prefix' or 'x-goog-request-params') "
            "or query param 'database'"
        )
    if database == "(default)" or prefix or names != (None, None):
        return None
    what = f"Invalid request routing header {header}." if header else "Missing routing header."
    return f"{what} {_FORMAT.format(project, database)}"


def _database(call: Call, deployment: Deployment) -> str | None:
    if call.database == deployment.database:
        return None
    _, project, _, database = call.database.split("/")
    return (
        f"The database {database} does not exist for project {project} Please visit "
        f"https://console.cloud.google.com/datastore/setup?project={project} to add a Cloud "
        "Datastore or Cloud Firestore database. "
    )


def _database_grant(call: Call, deployment: Deployment) -> str | None:
    assert call.account is not None
    account = deployment.accounts[call.account]
    is_granted = account.roles or call.database in account.databases
    return None if is_granted else "Missing or insufficient permissions."


def _topic_grant(call: Call, deployment: Deployment) -> str | None:
    assert call.account is not None
    account = deployment.accounts[call.account]
    is_granted = account.roles or call.method != "Publish" or call.request.topic in account.topics
    return None if is_granted else "User not authorized to perform this action."


AUTHENTICATED = Rule(
    "A call has a token that is somebody's and has not ended",
    Status.UNAUTHENTICATED,
    "https://docs.cloud.google.com/docs/authentication/token-types#access",
    _token,
)
FIRESTORE = (
    Rule(
        "A call's headers name its database, in the form that Firestore asks for; those of a call "
        "to `(default)` may say nothing",
        Status.INVALID_ARGUMENT,
        "https://github.com/googleapis/google-cloud-rust/issues/4033",
        _routing,
    ),
    Rule(
        "The database is there",
        Status.NOT_FOUND,
        "https://github.com/googleapis/nodejs-firestore/issues/1997",
        _database,
    ),
    Rule(
        "The function's account has a grant on the database",
        Status.PERMISSION_DENIED,
        "https://docs.cloud.google.com/firestore/docs/security/iam",
        _database_grant,
    ),
)
PUBSUB = (
    Rule(
        "The function's account has a grant on the topic",
        Status.PERMISSION_DENIED,
        "https://docs.cloud.google.com/pubsub/docs/access-control",
        _topic_grant,
    ),
)
