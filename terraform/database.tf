# The named Firestore database, its TTL and its indexes.

locals {
  # Never queried, or free text and nesting that would only make index entries (and break their limits).
  unindexed_fields = ["raw", "custom_data", "extra", "chat.transcript"]

  # Times rise with the clock, and Firestore takes about 500 writes a second to an index of rising values.
  time_fields = ["received_at", "occurred_at", "call.called_at", "chat.created_at", "publish.published_at"]

  # Single-field indexes serve the rest: publish.state (recover counts what is pending), call.id, visitor.phone.
  indexes = merge(
    {
      # recover: what is pending, oldest first
      pending = { field = "publish.state", order = "ASCENDING" }
    },
    # The operator's tools: newest first, by one of these or, merged, by several (envybox/operator/shapes.py; a test
    # compares). Left out with the times' indexes, as they hold the same rising values.
    var.database.index_times ? {
      by_type    = { field = "type", order = "DESCENDING" }
      by_site    = { field = "page.site", order = "DESCENDING" }
      by_state   = { field = "call.state", order = "DESCENDING" }
      by_account = { field = "account", order = "DESCENDING" }
    } : {}
  )
}

resource "google_firestore_database" "this" {
  project     = local.project
  name        = local.database
  location_id = coalesce(var.database.location, var.region)
  type        = "FIRESTORE_NATIVE"

  point_in_time_recovery_enablement = var.database.point_in_time_recovery ? "POINT_IN_TIME_RECOVERY_ENABLED" : "POINT_IN_TIME_RECOVERY_DISABLED"
  delete_protection_state           = var.database.delete_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"

  # ABANDON: `terraform destroy` forgets the database and leaves it, with its events, where it is.
  deletion_policy = var.database.delete_protection ? "ABANDON" : "DELETE"
}

# The code sets expire_at where a retention is set (ENVYBOX_RETENTION_DAYS); Firestore deletes within about a day after.
resource "google_firestore_field" "expire_at" {
  project    = local.project
  database   = google_firestore_database.this.name
  collection = var.database.collection
  field      = "expire_at"

  ttl_config {}
  index_config {} # empty: not indexed; TTL needs no index, and the values rise with the clock

  # The database may outlive this configuration, and its events must end all the same.
  deletion_policy = "ABANDON"
}

resource "google_firestore_field" "unindexed" {
  for_each = toset(concat(local.unindexed_fields, var.database.index_times ? [] : local.time_fields))

  project    = local.project
  database   = google_firestore_database.this.name
  collection = var.database.collection
  field      = each.key

  index_config {} # empty: not indexed, nor is anything below it

  # As the TTL; but a time, which index_times may bring back, is indexed again.
  deletion_policy = contains(local.unindexed_fields, each.key) ? "ABANDON" : "DELETE"
}

resource "google_firestore_index" "this" {
  for_each = local.indexes

  project     = local.project
  database    = google_firestore_database.this.name
  collection  = var.database.collection
  query_scope = "COLLECTION"

  fields {
    field_path = each.value.field
    order      = "ASCENDING"
  }

  fields {
    field_path = "received_at"
    order      = each.value.order
  }
}
