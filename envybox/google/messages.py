"""The protobuf classes of Firestore and Pub/Sub, imported without their clients.

The two libraries' packages import all of their clients (REST, pipelines, two of each) when
any part of them is imported, most of a cold start. What is needed here are the classes of
the messages alone, which stand in modules that import nothing else. They are imported with
empty stand-ins for the packages around them, which are taken away afterwards: whoever
imports the libraries proper gets them whole, with these same classes (but these modules are no
attributes of the package `types` then: it takes `from … import`). Where a release of a
library is laid out differently, the plain import takes over (a test tells).

Measured by `bench/cold_start.py`.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any


def import_types(package: str, *names: str) -> tuple[list[ModuleType], bool]:
    """Return modules of `package`.types, and whether that went without the package itself."""
    if package in sys.modules:
        return [importlib.import_module(f"{package}.types.{name}") for name in names], False
    stand_ins = (package, f"{package}.types")
    try:
        for name in stand_ins:
            spec = importlib.util.find_spec(name)
            if spec is None or spec.submodule_search_locations is None:
                raise ImportError(name)  # noqa: TRY301 - caught below, as the others are
            stand_in = ModuleType(name)
            stand_in.__spec__ = spec
            stand_in.__path__ = list(spec.submodule_search_locations)
            sys.modules[name] = stand_in
        return [importlib.import_module(f"{package}.types.{name}") for name in names], True
    except (ImportError, AttributeError):
        for name in [name for name in sys.modules if name.startswith(f"{package}.")]:
            del sys.modules[name]
        sys.modules.pop(package, None)
        return [importlib.import_module(f"{package}.types.{name}") for name in names], False
    finally:
        for name in stand_ins:
            if sys.modules.get(name) is not None and not hasattr(sys.modules[name], "__file__"):
                del sys.modules[name]


(_firestore, _document), FIRESTORE_IS_LIGHT = import_types(
    "google.cloud.firestore_v1", "firestore", "document"
)
(_pubsub,), PUBSUB_IS_LIGHT = import_types("google.pubsub_v1", "pubsub")

# The classes below proto-plus's: filling them directly takes a sixteenth of the time.
BatchWriteRequest: Any = _firestore.BatchWriteRequest.pb()
BatchWriteResponse: Any = _firestore.BatchWriteResponse.pb()
GetDocumentRequest: Any = _firestore.GetDocumentRequest.pb()
RunQueryRequest: Any = _firestore.RunQueryRequest.pb()
RunQueryResponse: Any = _firestore.RunQueryResponse.pb()
RunAggregationQueryRequest: Any = _firestore.RunAggregationQueryRequest.pb()
RunAggregationQueryResponse: Any = _firestore.RunAggregationQueryResponse.pb()
Document: Any = _document.Document.pb()
PublishRequest: Any = _pubsub.PublishRequest.pb()
PublishResponse: Any = _pubsub.PublishResponse.pb()
