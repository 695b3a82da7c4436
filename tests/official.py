"""Google's own classes of the messages: what stand-ins read calls with, and answer with.

The receiver's (`envybox.google.messages`) are another definition of the same: whatever a test
sends from the one to the other holds them together.
"""

from __future__ import annotations

from typing import Any

from google.cloud.firestore_v1.types import document, firestore
from google.pubsub_v1.types import pubsub

BatchWriteRequest: Any = firestore.BatchWriteRequest.pb()
BatchWriteResponse: Any = firestore.BatchWriteResponse.pb()
GetDocumentRequest: Any = firestore.GetDocumentRequest.pb()
RunQueryRequest: Any = firestore.RunQueryRequest.pb()
RunQueryResponse: Any = firestore.RunQueryResponse.pb()
RunAggregationQueryRequest: Any = firestore.RunAggregationQueryRequest.pb()
RunAggregationQueryResponse: Any = firestore.RunAggregationQueryResponse.pb()
Document: Any = document.Document.pb()
PublishRequest: Any = pubsub.PublishRequest.pb()
PublishResponse: Any = pubsub.PublishResponse.pb()
