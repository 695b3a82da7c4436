# SPDX-License-Identifier: Apache-2.0

# A topic for each type of the types' table; the spool's two are in spool.tf.

locals {
  storage_regions = coalesce(var.message_storage_regions, [var.region])

  # Who publishes where: webhook to the types' topics and the spool, recover to the types' topics and the dead letters.
  publishers = merge(
    { for type, topic in local.topic_names : "webhook:${type}" => { account = "webhook", topic = google_pubsub_topic.type[type].name } },
    { for type, topic in local.topic_names : "recover:${type}" => { account = "recover", topic = google_pubsub_topic.type[type].name } },
    {
      "webhook:spool"      = { account = "webhook", topic = google_pubsub_topic.spool.name }
      "recover:spool-dead" = { account = "recover", topic = google_pubsub_topic.spool_dead.name }
    },
  )
}

resource "google_pubsub_topic" "type" {
  #checkov:skip=CKV_GCP_83:The key is the user's choice (kms_key); without one it is Google's
  for_each = local.topic_names

  project = local.project
  name    = each.value
  labels  = local.labels

  kms_key_name = local.kms_key

  # null: a message is kept by its subscriptions alone. Set: a new subscription can be wound back that far.
  message_retention_duration = var.topic_retention

  message_storage_policy {
    allowed_persistence_regions = local.storage_regions # visitors' data stay there
  }
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = local.publishers

  project = local.project
  topic   = each.value.topic
  role    = "roles/pubsub.publisher"
  member  = google_service_account.this[each.value.account].member
}
