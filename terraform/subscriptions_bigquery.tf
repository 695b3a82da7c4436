# SPDX-License-Identifier: Apache-2.0

# BigQuery: TABLE_messages takes the messages as they are, and the view TABLE lays an event out in columns, one row an
# event. Pub/Sub can also fill columns itself, but then a message that does not fit a column is not written at all, and
# a repeated message is a second row. So the event is text here, which always fits, and the view reads it.

locals {
  bigquery = {
    for name, settings in var.subscriptions : name => merge(settings.bigquery, { dataset = coalesce(settings.bigquery.dataset, local.dataset) }) if settings.bigquery != null
  }

  # Those that are made here; the others are the user's own.
  datasets = { for settings in values(local.bigquery) : settings.dataset => coalesce(settings.location, var.region)... if settings.dataset_create }

  # Pub/Sub's columns: https://cloud.google.com/pubsub/docs/bigquery
  message_columns = [
    { name = "data", type = "STRING", description = "The event, JSON" },
    { name = "subscription_name", type = "STRING", description = "The subscription that wrote it" },
    { name = "message_id", type = "STRING", description = "Pub/Sub's id of the message" },
    { name = "publish_time", type = "TIMESTAMP", description = "When Pub/Sub took the message" },
    { name = "attributes", type = "JSON", description = "The message's attributes" },
  ]

  # Column => path in the event and type. A test holds the paths against the event's classes.
  event_columns = {
    id                    = { path = "id", type = "STRING" }
    type                  = { path = "type", type = "STRING" }
    webhooktype           = { path = "webhooktype", type = "INT64" }
    account               = { path = "account", type = "STRING" }
    received_at           = { path = "received_at", type = "TIMESTAMP" }
    occurred_at           = { path = "occurred_at", type = "TIMESTAMP" }
    visitor_id            = { path = "visitor.id", type = "STRING" }
    visitor_name          = { path = "visitor.name", type = "STRING" }
    visitor_phone         = { path = "visitor.phone", type = "STRING" }
    visitor_email         = { path = "visitor.email", type = "STRING" }
    visitor_city          = { path = "visitor.city", type = "STRING" }
    visitor_region        = { path = "visitor.region", type = "STRING" }
    call_id               = { path = "call.id", type = "STRING" }
    call_state            = { path = "call.state", type = "STRING" }
    call_scheduled_at     = { path = "call.scheduled_at", type = "TIMESTAMP" }
    call_duration_seconds = { path = "call.duration_seconds", type = "INT64" }
    call_record_url       = { path = "call.record_url", type = "STRING" }
    chat_id               = { path = "chat.id", type = "STRING" }
    chat_link             = { path = "chat.link", type = "STRING" }
    chat_message          = { path = "chat.message", type = "STRING" }
    manager_name          = { path = "manager.name", type = "STRING" }
    manager_phone         = { path = "manager.phone", type = "STRING" }
    manager_department    = { path = "manager.department", type = "STRING" }
    page_site             = { path = "page.site", type = "STRING" }
    page_url              = { path = "page.url", type = "STRING" }
    page_referrer         = { path = "page.referrer", type = "STRING" }
    utm_source            = { path = "utm.source", type = "STRING" }
    utm_medium            = { path = "utm.medium", type = "STRING" }
    utm_campaign          = { path = "utm.campaign", type = "STRING" }
    utm_content           = { path = "utm.content", type = "STRING" }
    utm_term              = { path = "utm.term", type = "STRING" }
    google_client_id      = { path = "ids.google_client_id", type = "STRING" }
    yandex_client_id      = { path = "ids.yandex_client_id", type = "STRING" }
    yclid                 = { path = "ids.yclid", type = "STRING" }
    roistat               = { path = "ids.roistat", type = "STRING" }
  }
}

locals {
  view_columns = [
    for name, column in local.event_columns : column.type == "STRING"
    ? "JSON_VALUE(data, '$.${column.path}') AS ${name}"
    : "SAFE_CAST(JSON_VALUE(data, '$.${column.path}') AS ${column.type}) AS ${name}"
  ]
}

resource "google_bigquery_dataset" "this" {
  #checkov:skip=CKV_GCP_81:The key is the user's choice (kms_key); without one it is Google's
  for_each = local.datasets

  project     = local.project
  dataset_id  = each.key
  location    = each.value[0]
  description = "Envybox events"
  labels      = local.labels

  dynamic "default_encryption_configuration" {
    for_each = local.kms_key[*]

    content {
      kms_key_name = default_encryption_configuration.value
    }
  }
}

resource "google_bigquery_table" "messages" {
  #checkov:skip=CKV_GCP_80:The key is the user's choice (kms_key); without one it is Google's
  #checkov:skip=CKV_GCP_121:The variable's default is protection; a user may take it off
  for_each = local.bigquery

  project             = local.project
  dataset_id          = each.value.dataset_create ? google_bigquery_dataset.this[each.value.dataset].dataset_id : each.value.dataset
  table_id            = "${each.value.table}_messages"
  description         = "Messages of Envybox events, as Pub/Sub delivered them: repeats happen. Query ${each.value.table} instead."
  labels              = local.labels
  deletion_protection = each.value.delete_protect
  schema              = jsonencode([for column in local.message_columns : merge(column, { mode = "NULLABLE" })])

  dynamic "encryption_configuration" {
    for_each = local.kms_key[*]

    content {
      kms_key_name = encryption_configuration.value
    }
  }

  time_partitioning {
    type          = "DAY"
    field         = "publish_time"
    expiration_ms = each.value.expire_days == null ? null : each.value.expire_days * 86400000
  }
}

resource "google_bigquery_table" "events" {
  #checkov:skip=CKV_GCP_80:A view holds no data
  #checkov:skip=CKV_GCP_121:A view holds no data
  for_each = local.bigquery

  project             = local.project
  dataset_id          = each.value.dataset_create ? google_bigquery_dataset.this[each.value.dataset].dataset_id : each.value.dataset
  table_id            = each.value.table
  description         = "Envybox events, one row each"
  labels              = local.labels
  deletion_protection = false # it can be made again

  view {
    use_legacy_sql = false
    query          = <<-EOT
      SELECT
        ${join(",\n  ", local.view_columns)},
        publish_time,
        data
      FROM `${var.project}.${each.value.dataset}.${google_bigquery_table.messages[each.key].table_id}`
      WHERE TRUE
      QUALIFY ROW_NUMBER() OVER (PARTITION BY JSON_VALUE(data, '$.id') ORDER BY publish_time DESC) = 1
    EOT
  }
}

resource "google_bigquery_table_iam_member" "pubsub" {
  for_each = local.bigquery

  project    = local.project
  dataset_id = google_bigquery_table.messages[each.key].dataset_id
  table_id   = google_bigquery_table.messages[each.key].table_id
  role       = "roles/bigquery.dataEditor"
  member     = local.pubsub_agent
}
