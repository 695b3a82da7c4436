"""What an operator may do: a person with roles on the project, where a function has grants.

Only the calls that the operator's commands make by Google's clients are known here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import grpc
from google.cloud.firestore_v1.types import firestore
from google.pubsub_v1.types import pubsub

from tests.gateway.call import Call, Rule
from tests.gateway.deployment import Deployment


class Permission(NamedTuple):
    """A call of the operator's alone: its service, its request, the permission it takes."""

    service: str
    request: Any
    name: str


_FIRESTORE = "google.firestore.v1.Firestore"
_PUBLISHER = "google.pubsub.v1.Publisher"
_SUBSCRIBER = "google.pubsub.v1.Subscriber"

PERMISSIONS = {
    "BatchGetDocuments": Permission(
        _FIRESTORE, firestore.BatchGetDocumentsRequest.pb(), "datastore.entities.get"
    ),
    "ListCollectionIds": Permission(
        _FIRESTORE, firestore.ListCollectionIdsRequest.pb(), "datastore.entities.list"
    ),
    "Commit": Permission(_FIRESTORE, firestore.CommitRequest.pb(), "datastore.entities.update"),
    "ListTopics": Permission(_PUBLISHER, pubsub.ListTopicsRequest.pb(), "pubsub.topics.list"),
    "CreateTopic": Permission(_PUBLISHER, pubsub.Topic.pb(), "pubsub.topics.create"),
    "ListTopicSubscriptions": Permission(
        _PUBLISHER, pubsub.ListTopicSubscriptionsRequest.pb(), "pubsub.topics.get"
    ),
    "ListSubscriptions": Permission(
        _SUBSCRIBER, pubsub.ListSubscriptionsRequest.pb(), "pubsub.subscriptions.list"
    ),
    "GetSubscription": Permission(
        _SUBSCRIBER, pubsub.GetSubscriptionRequest.pb(), "pubsub.subscriptions.get"
    ),
    "CreateSubscription": Permission(
        _SUBSCRIBER, pubsub.Subscription.pb(), "pubsub.subscriptions.create"
    ),
    "DeleteSubscription": Permission(
        _SUBSCRIBER, pubsub.DeleteSubscriptionRequest.pb(), "pubsub.subscriptions.delete"
    ),
    "Pull": Permission(_SUBSCRIBER, pubsub.PullRequest.pb(), "pubsub.subscriptions.consume"),
    "Acknowledge": Permission(
        _SUBSCRIBER, pubsub.AcknowledgeRequest.pb(), "pubsub.subscriptions.consume"
    ),
    "ModifyAckDeadline": Permission(
        _SUBSCRIBER, pubsub.ModifyAckDeadlineRequest.pb(), "pubsub.subscriptions.consume"
    ),
}

_FUNCTIONS = {
    "GetDocument": "datastore.entities.get",
    "RunQuery": "datastore.entities.list",
    "RunAggregationQuery": "datastore.entities.list",
    "BatchWrite": "datastore.entities.update",
    "Publish": "pubsub.topics.publish",
}
"""The permissions that the functions' own calls take."""

_READ = frozenset({"datastore.entities.get", "datastore.entities.list"})
_SEE = frozenset(
    {
        "pubsub.topics.get",
        "pubsub.topics.list",
        "pubsub.subscriptions.get",
        "pubsub.subscriptions.list",
    }
)
ROLES = {
    "roles/datastore.viewer": _READ,
    "roles/datastore.user": _READ | {"datastore.entities.update"},
    "roles/pubsub.viewer": _SEE,
    "roles/pubsub.publisher": frozenset({"pubsub.topics.publish"}),
    "roles/pubsub.editor": _SEE
    | {
        "pubsub.topics.create",
        "pubsub.topics.publish",
        "pubsub.subscriptions.create",
        "pubsub.subscriptions.delete",
        "pubsub.subscriptions.consume",
    },
}
"""What roles hold, of the permissions above.

https://docs.cloud.google.com/iam/docs/roles-permissions/pubsub
"""


def _permitted(call: Call, deployment: Deployment) -> str | None:
    assert call.account is not None
    roles = deployment.accounts[call.account].roles
    known = PERMISSIONS.get(call.method)
    needed = known.name if known else _FUNCTIONS[call.method]
    if (not roles and not known) or any(needed in ROLES[role] for role in roles):
        return None
    return f"Missing or insufficient permissions: {needed}."


PERMITTED = Rule(
    "A caller who is no function has a role with the permission that the call takes",
    grpc.StatusCode.PERMISSION_DENIED,
    "https://docs.cloud.google.com/iam/docs/roles-overview",
    _permitted,
)
