# A push subscription for each type, and what could not be delivered.

resource "google_service_account" "push" {
  project      = var.project
  account_id   = "${local.full_name}-push"
  display_name = "${local.full_name}: Pub/Sub's pushes to it"
}

resource "google_cloud_run_v2_service_iam_member" "push" {
  project  = var.project
  location = var.region
  name     = google_cloudfunctions2_function.this.name # a function is a Cloud Run service of its name
  role     = "roles/run.invoker"
  member   = google_service_account.push.member
}

resource "google_pubsub_subscription" "this" {
  for_each = toset(var.types)

  project = var.project
  name    = "${local.prefix}${var.name}-${replace(each.key, ".", "-")}"
  topic   = "projects/${var.project}/topics/${local.prefix}${replace(each.key, ".", "-")}"
  labels  = local.labels

  filter                     = var.filter
  enable_message_ordering    = true # the events of a call, a chat, a visitor come one after another
  ack_deadline_seconds       = var.scaling.timeout_seconds
  message_retention_duration = "604800s" # a week, should the other side be down for long

  push_config {
    push_endpoint = google_cloudfunctions2_function.this.service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = google_cloudfunctions2_function.this.service_config[0].uri
    }
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead.id
    max_delivery_attempts = var.dead_letter_after
  }

  expiration_policy {
    ttl = "" # never
  }

  depends_on = [google_pubsub_topic_iam_member.dead]
}

resource "google_pubsub_topic" "dead" {
  project = var.project
  name    = "${local.prefix}${var.name}-dead"
  labels  = local.labels

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }
}

resource "google_pubsub_subscription" "dead" {
  project = var.project
  name    = google_pubsub_topic.dead.name
  topic   = google_pubsub_topic.dead.id
  labels  = local.labels

  ack_deadline_seconds       = 600        # a person reads it
  message_retention_duration = "2678400s" # 31 days, the most that Pub/Sub allows

  expiration_policy {
    ttl = "" # never
  }
}

# Pub/Sub's own account publishes the dead letter and acknowledges the message it was: it needs both grants.
locals {
  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_pubsub_topic_iam_member" "dead" {
  project = var.project
  topic   = google_pubsub_topic.dead.name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "dead" {
  for_each = google_pubsub_subscription.this

  project      = var.project
  subscription = each.value.name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

# Projects made before April 2021 need it.
resource "google_service_account_iam_member" "push_token" {
  service_account_id = google_service_account.push.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
}
