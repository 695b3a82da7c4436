# SPDX-License-Identifier: Apache-2.0

# The APIs that the receiver needs, and the waits that their slow activation needs.

locals {
  services = concat([
    "artifactregistry.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudfunctions.googleapis.com",
    "cloudresourcemanager.googleapis.com", # grants on the project
    "cloudscheduler.googleapis.com",
    "firestore.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
    ],
    length(local.bigquery) > 0 ? ["bigquery.googleapis.com"] : [],
    var.budget == null ? [] : ["billingbudgets.googleapis.com", "cloudbilling.googleapis.com"],
    var.kms_key == null ? [] : ["cloudkms.googleapis.com"],
  )

  # Every resource takes its project from here, and so waits for the APIs without a depends_on of its own.
  project = time_sleep.services.triggers["project"]
}

resource "google_project_service" "this" {
  for_each = toset(var.enable_services ? local.services : [])

  project = var.project
  service = each.key

  # Other things in the project may use the same API: leave it on when this configuration goes.
  disable_on_destroy = false
}

# An API answers 403 for a while after it was enabled.
resource "time_sleep" "services" {
  create_duration = "60s"

  triggers = {
    project  = var.project
    services = join(" ", local.services) # an API more: wait again
  }

  depends_on = [google_project_service.this]
}

# Pub/Sub's own account: it signs the tokens of pushes, forwards dead letters, and writes to BigQuery and Cloud
# Storage. Google makes it late, some time after the API's first use; a grant to an account that does not exist fails.
# Grants take it from local.pubsub_agent, which waits until it is known everywhere.
resource "google_project_service_identity" "pubsub" {
  provider = google-beta

  project = local.project
  service = "pubsub.googleapis.com"
}

locals {
  pubsub_agent = time_sleep.pubsub_agent.triggers["member"]
}

resource "time_sleep" "pubsub_agent" {
  create_duration = "30s"

  triggers = {
    member = google_project_service_identity.pubsub.member
  }
}
