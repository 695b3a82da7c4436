"""The messages of Firestore's and Pub/Sub's APIs that are sent and read here, and their classes.

Each has the fields that are used, as Google defines them (enums as `int32`, which is the same on
the wire); what else comes is kept unread. To import the two libraries' own takes a tenth of a
cold start (docs/performance.md): they make all of their classes. A test holds each field to them.

https://github.com/googleapis/googleapis/tree/master/google/firestore/v1
https://github.com/googleapis/googleapis/tree/master/google/pubsub/v1
"""

from __future__ import annotations

from typing import Any

from envybox.google import proto

_COMMON = """
message Timestamp {
  int64 seconds = 1;
  int32 nanos = 2;
}
message Int32Value {
  int32 value = 1;
}
message Int64Value {
  int64 value = 1;
}
message Status {
  int32 code = 1;
}
"""

_DOCUMENT = """
message Document {
  string name = 1;
  map<string, Value> fields = 2;
  Timestamp create_time = 3;
}
message Value {
  oneof value_type {
    int32 null_value = 11;
    bool boolean_value = 1;
    int64 integer_value = 2;
    double double_value = 3;
    Timestamp timestamp_value = 10;
    string string_value = 17;
    string reference_value = 5;
    ArrayValue array_value = 9;
    MapValue map_value = 6;
  }
}
message ArrayValue {
  repeated Value values = 1;
}
message MapValue {
  map<string, Value> fields = 1;
}
message DocumentMask {
  repeated string field_paths = 1;
}
message GetDocumentRequest {
  string name = 1;
  DocumentMask mask = 2;
}
"""

_WRITE = """
message Write {
  oneof operation {
    Document update = 1;
  }
  DocumentMask update_mask = 3;
  Precondition current_document = 4;
  repeated DocumentTransform.FieldTransform update_transforms = 7;
}
message Precondition {
  oneof condition_type {
    bool exists = 1;
  }
}
message DocumentTransform {
  message FieldTransform {
    string field_path = 1;
    oneof transform_type {
      Value increment = 3;
    }
  }
}
message BatchWriteRequest {
  string database = 1;
  repeated Write writes = 2;
}
message BatchWriteResponse {
  repeated Status status = 2;
}
"""

_QUERY = """
message StructuredQuery {
  message CollectionSelector {
    string collection_id = 2;
  }
  message FieldReference {
    string field_path = 2;
  }
  message Projection {
    repeated FieldReference fields = 2;
  }
  message Order {
    FieldReference field = 1;
    int32 direction = 2;
  }
  message Filter {
    oneof filter_type {
      CompositeFilter composite_filter = 1;
      FieldFilter field_filter = 2;
    }
  }
  message CompositeFilter {
    int32 op = 1;
    repeated Filter filters = 2;
  }
  message FieldFilter {
    FieldReference field = 1;
    int32 op = 2;
    Value value = 3;
  }
  Projection select = 1;
  repeated CollectionSelector from_ = 2;
  Filter where = 3;
  repeated Order order_by = 4;
  Int32Value limit = 5;
  Cursor start_at = 7;
}
message Cursor {
  repeated Value values = 1;
  bool before = 2;
}
message RunQueryRequest {
  string parent = 1;
  oneof query_type {
    StructuredQuery structured_query = 2;
  }
}
message RunQueryResponse {
  Document document = 1;
}
message StructuredAggregationQuery {
  message Aggregation {
    message Count {
      Int64Value up_to = 1;
    }
    oneof operator {
      Count count = 1;
    }
    string alias = 7;
  }
  oneof query_type {
    StructuredQuery structured_query = 1;
  }
  repeated Aggregation aggregations = 3;
}
message AggregationResult {
  map<string, Value> aggregate_fields = 2;
}
message RunAggregationQueryRequest {
  string parent = 1;
  oneof query_type {
    StructuredAggregationQuery structured_aggregation_query = 2;
  }
}
message RunAggregationQueryResponse {
  AggregationResult result = 1;
}
"""

_PUBSUB = """
message PubsubMessage {
  bytes data = 1;
  map<string, string> attributes = 2;
  string ordering_key = 5;
}
message PublishRequest {
  string topic = 1;
  repeated PubsubMessage messages = 2;
}
message PublishResponse {
  repeated string message_ids = 1;
}
"""

_classes = proto.classes(_COMMON + _DOCUMENT + _WRITE + _QUERY + _PUBSUB)

BatchWriteRequest: Any = _classes["BatchWriteRequest"]
BatchWriteResponse: Any = _classes["BatchWriteResponse"]
GetDocumentRequest: Any = _classes["GetDocumentRequest"]
RunQueryRequest: Any = _classes["RunQueryRequest"]
RunQueryResponse: Any = _classes["RunQueryResponse"]
RunAggregationQueryRequest: Any = _classes["RunAggregationQueryRequest"]
RunAggregationQueryResponse: Any = _classes["RunAggregationQueryResponse"]
Document: Any = _classes["Document"]
PublishRequest: Any = _classes["PublishRequest"]
PublishResponse: Any = _classes["PublishResponse"]
