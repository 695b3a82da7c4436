# A function that gets some types of events: its code, account, secrets, and its subscriptions with their dead letters.
# What it shares with the receiver (bucket, build account, image repository, topics, database) is found by its name.

locals {
  full_name = "${var.receiver}-${var.name}"
  prefix    = coalesce(var.topic_prefix, "${var.receiver}-")
  database  = coalesce(var.database.name, var.receiver)
  labels    = merge({ app = var.receiver, function = var.name }, var.labels)
}

data "google_project" "this" {
  project_id = var.project
}

resource "google_service_account" "this" {
  project      = var.project
  account_id   = local.full_name
  display_name = "${local.full_name}: runs it"
}

# Firestore has no grants of its own; the condition narrows the role to the receiver's database.
resource "google_project_iam_member" "database" {
  project = var.project
  role    = "roles/datastore.user" # reads the events, keeps what was done
  member  = google_service_account.this.member

  condition {
    title      = "${local.full_name}-database-only"
    expression = "resource.name == \"projects/${var.project}/databases/${local.database}\""
  }
}

# What was done is remembered for 31 days (envybox/subscriber/once.py); Firestore deletes it within about a day after.
resource "google_firestore_field" "once" {
  project    = var.project
  database   = local.database
  collection = "once-${var.name}"
  field      = "expire_at"

  ttl_config {}
  index_config {} # empty: not indexed, as the values rise with the clock
}

resource "google_cloudfunctions2_function" "this" {
  project     = var.project
  location    = var.region
  name        = local.full_name
  description = "Gets ${join(", ", var.types)}"
  labels      = local.labels

  build_config {
    runtime           = "python313"
    entry_point       = "main"
    service_account   = "projects/${var.project}/serviceAccounts/${var.receiver}-build@${var.project}.iam.gserviceaccount.com"
    docker_repository = "projects/${var.project}/locations/${var.region}/repositories/${var.receiver}-functions"

    source {
      storage_source {
        bucket = google_storage_bucket_object.source.bucket
        object = google_storage_bucket_object.source.name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.this.email
    ingress_settings                 = "ALLOW_INTERNAL_ONLY" # Pub/Sub of the same project counts as internal
    all_traffic_on_latest_revision   = true
    available_cpu                    = "1"
    available_memory                 = var.scaling.memory
    max_instance_request_concurrency = var.scaling.concurrency
    max_instance_count               = var.scaling.max_instances
    timeout_seconds                  = var.scaling.timeout_seconds

    environment_variables = merge({
      GOOGLE_CLOUD_PROJECT = var.project
      ENVYBOX_DATABASE     = local.database
      ENVYBOX_COLLECTION   = var.database.collection
      ENVYBOX_TIMEZONE     = var.timezone
      ENVYBOX_SUBSCRIBER   = var.name # what it has done is kept under this name
      LOG_EXECUTION_ID     = "false" # our lines are JSON as they are
    }, var.environment)

    dynamic "secret_environment_variables" {
      for_each = var.secrets

      content {
        key        = secret_environment_variables.value
        project_id = var.project
        secret     = google_secret_manager_secret.this[secret_environment_variables.value].secret_id
        # Not "latest": an instance reads it when it starts, so a new one needs a new revision.
        version = google_secret_manager_secret_version.this[secret_environment_variables.value].version
      }
    }
  }

  depends_on = [time_sleep.grants]
}

# A deployment starts an instance at once, and a grant takes a minute or so to work.
resource "time_sleep" "grants" {
  create_duration = "90s"

  triggers = {
    account = google_service_account.this.email
    secrets = join(" ", var.secrets)
  }

  depends_on = [
    google_project_iam_member.database,
    google_secret_manager_secret_iam_member.this,
  ]
}
