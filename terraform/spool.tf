# SPDX-License-Identifier: Apache-2.0

# The spool: where webhooks go while Firestore is down, and from where Pub/Sub pushes them to recover.

resource "google_pubsub_topic" "spool" {
  #checkov:skip=CKV_GCP_83:The key is the user's choice (kms_key); without one it is Google's
  project = local.project
  name    = local.spool_topic
  labels  = local.labels

  kms_key_name = local.kms_key

  # These messages are all that there is of their webhooks: the topic keeps them, whatever becomes of the subscription.
  message_retention_duration = "2678400s" # 31 days, the most that Pub/Sub allows

  message_storage_policy {
    allowed_persistence_regions = local.storage_regions
  }
}

resource "google_pubsub_topic" "spool_dead" {
  #checkov:skip=CKV_GCP_83:The key is the user's choice (kms_key); without one it is Google's
  project = local.project
  name    = local.spool_dead_topic
  labels  = local.labels

  kms_key_name = local.kms_key

  message_storage_policy {
    allowed_persistence_regions = local.storage_regions
  }
}

resource "google_pubsub_subscription" "spool" {
  project = local.project
  name    = local.spool_topic
  topic   = google_pubsub_topic.spool.id
  labels  = local.labels

  ack_deadline_seconds       = var.recover.timeout_seconds # recover may take that long
  message_retention_duration = "2678400s"

  push_config {
    push_endpoint = google_cloudfunctions2_function.this["recover"].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.this["spool"].email
      audience              = google_cloudfunctions2_function.this["recover"].service_config[0].uri
    }
  }

  # Firestore may be down for hours. 100 tries, 10 s to 10 min apart, are about 16 hours before a message is given up.
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.spool_dead.id
    max_delivery_attempts = 100 # the most that Pub/Sub allows
  }

  expiration_policy {
    ttl = "" # never; the default is 31 days without a message, and the spool is empty for longer than that
  }

  depends_on = [
    google_cloud_run_v2_service_iam_member.recover,
    google_pubsub_topic_iam_member.spool_dead,
    google_service_account_iam_member.spool_token,
  ]
}

# Keeps what was given up, with its data, until somebody looks (docs/runbook.md).
resource "google_pubsub_subscription" "spool_dead" {
  project = local.project
  name    = local.spool_dead_topic
  topic   = google_pubsub_topic.spool_dead.id
  labels  = local.labels

  ack_deadline_seconds       = 600 # a person reads it
  message_retention_duration = "2678400s"

  expiration_policy {
    ttl = ""
  }
}

# Without these two Pub/Sub's account cannot move a dead letter, and says so nowhere but in a metric.
resource "google_pubsub_topic_iam_member" "spool_dead" {
  project = local.project
  topic   = google_pubsub_topic.spool_dead.name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "spool" {
  project      = local.project
  subscription = google_pubsub_subscription.spool.name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

# Projects made before April 2021 need it so that Pub/Sub can sign the push's token; newer ones take no harm.
resource "google_service_account_iam_member" "spool_token" {
  service_account_id = google_service_account.this["spool"].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
}
