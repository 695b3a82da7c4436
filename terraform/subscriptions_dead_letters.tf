# SPDX-License-Identifier: Apache-2.0

# Dead letters: for each entry a topic that takes what could not be delivered, and a subscription that keeps it.

locals {
  dead_letters = { for name, settings in var.subscriptions : name => settings if settings.dead_letter_after > 0 }
}

resource "google_pubsub_topic" "dead" {
  #checkov:skip=CKV_GCP_83:The key is the user's choice (kms_key); without one it is Google's
  for_each = local.dead_letters

  project = local.project
  name    = "${local.prefix}${each.key}-dead"
  labels  = local.labels

  kms_key_name = local.kms_key

  message_storage_policy {
    allowed_persistence_regions = local.storage_regions
  }
}

resource "google_pubsub_subscription" "dead" {
  for_each = local.dead_letters

  project = local.project
  name    = google_pubsub_topic.dead[each.key].name
  topic   = google_pubsub_topic.dead[each.key].id
  labels  = local.labels

  ack_deadline_seconds       = 600        # a person reads it
  message_retention_duration = "2678400s" # 31 days, the most that Pub/Sub allows

  expiration_policy {
    ttl = "" # never
  }
}

# Pub/Sub's account publishes the dead letter and acknowledges the message it was. Without either of the two grants
# the message just goes on being tried.
resource "google_pubsub_topic_iam_member" "dead" {
  for_each = local.dead_letters

  project = local.project
  topic   = google_pubsub_topic.dead[each.key].name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "dead" {
  for_each = { for key, subscription in local.subscriptions : key => subscription if subscription.dead_letter_after > 0 }

  project      = local.project
  subscription = google_pubsub_subscription.this[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}
