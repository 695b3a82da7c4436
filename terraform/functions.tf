# SPDX-License-Identifier: Apache-2.0

# The two functions, built from one archive: `webhook`, public, and `recover`, private.

locals {
  # The code's settings (docs/settings.md). A test holds them against envybox/settings.py, both ways.
  environment = {
    GOOGLE_CLOUD_PROJECT          = var.project # else the client asks the metadata server at every cold start
    ENVYBOX_DATABASE              = local.database
    ENVYBOX_COLLECTION            = var.database.collection
    ENVYBOX_TOPIC_PREFIX          = local.prefix
    ENVYBOX_TIMEZONE              = var.timezone
    ENVYBOX_PHONE_REGION          = var.phone_region
    ENVYBOX_RETENTION_DAYS        = tostring(var.retention_days)
    ENVYBOX_DEDUP_HOURS           = tostring(var.dedup_hours)
    ENVYBOX_RECOVER_AFTER_SECONDS = tostring(var.recover_after_seconds)
  }

  # SOURCE_HASH (of each function, read by none): the provider keeps build_config's object as it was last asked for, built
  # or not, but reads the variables back from Google. So after a build that failed the next plan sees a difference.

  functions = {
    webhook = {
      description = "Receives Envybox's webhooks"
      scaling     = var.webhook
      ingress     = "ALLOW_ALL" # Envybox calls from the internet; the key is the proof of the sender
      environment = {
        ENVYBOX_KEYS_FILE = "${local.keys_directory}/${local.keys_file}"
        ENVYBOX_PAIRING   = var.pairing ? "on" : "off"
      }
    }
    recover = {
      description = "Publishes what is pending, drains the spool"
      scaling     = var.recover
      ingress     = "ALLOW_INTERNAL_ONLY" # Cloud Scheduler and Pub/Sub of the same project count as internal
      environment = {}                    # it checks no key, so it is given none
    }
  }
}

resource "google_cloudfunctions2_function" "this" {
  #checkov:skip=CKV_GCP_124:webhook must be reachable from the internet; recover takes internal traffic alone
  for_each = local.functions

  project     = local.project
  location    = var.region
  name        = "${var.name}-${each.key}"
  description = each.value.description
  labels      = local.labels

  kms_key_name = local.kms_key

  build_config {
    runtime           = "python313"
    entry_point       = each.key
    service_account   = google_service_account.this["build"].id
    docker_repository = google_artifact_registry_repository.images.id

    source {
      storage_source {
        bucket = google_storage_bucket.source.name
        object = google_storage_bucket_object.source.name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.this[each.key].email
    environment_variables            = merge(local.environment, each.value.environment, { SOURCE_HASH = local.source_hash })
    ingress_settings                 = each.value.ingress
    all_traffic_on_latest_revision   = true
    available_cpu                    = tostring(each.value.scaling.cpu)
    available_memory                 = each.value.scaling.memory
    max_instance_request_concurrency = each.value.scaling.concurrency
    min_instance_count               = each.value.scaling.min_instances
    max_instance_count               = each.value.scaling.max_instances
    timeout_seconds                  = each.value.scaling.timeout_seconds

    dynamic "secret_volumes" {
      for_each = each.key == "webhook" ? [1] : []

      content {
        mount_path = local.keys_directory
        project_id = var.project
        secret     = google_secret_manager_secret.keys.secret_id

        # As a volume, "latest" is read again at each read of the file: a new key works without a deployment.
        versions {
          version = "latest"
          path    = local.keys_file
        }
      }
    }
  }

  depends_on = [
    google_secret_manager_secret_version.keys, # no version: the deployment fails
    time_sleep.grants,
  ]
}

# The build starts at once, and a grant takes a minute or so to work.
resource "time_sleep" "grants" {
  create_duration = local.grant_wait

  triggers = {
    build   = google_service_account.this["build"].email
    webhook = google_service_account.this["webhook"].email
  }

  depends_on = [
    google_artifact_registry_repository_iam_member.build,
    google_project_iam_member.this,
    google_secret_manager_secret_iam_member.webhook,
  ]
}

# A function of the second generation is a Cloud Run service of the same name, and who may call it is said there.
resource "google_cloud_run_v2_service_iam_member" "webhook" {
  # allUsers by default: Envybox has no Google identity. The function checks the key and refuses all else.
  for_each = var.invoker_iam_check ? var.webhook_invokers : []

  project  = local.project
  location = var.region
  name     = google_cloudfunctions2_function.this["webhook"].name
  role     = "roles/run.invoker"
  member   = each.key

  lifecycle {
    # The grant goes with the service that it is on, unseen: a function made anew has none. An id stays in updates.
    replace_triggered_by = [google_cloudfunctions2_function.this["webhook"].id]
  }

  # What is spooled before the spool has its subscription is in none.
  depends_on = [google_pubsub_subscription.spool]
}

resource "google_cloud_run_v2_service_iam_member" "recover" {
  for_each = toset(["scheduler", "spool"])

  project  = local.project
  location = var.region
  name     = google_cloudfunctions2_function.this["recover"].name
  role     = "roles/run.invoker"
  member   = google_service_account.this[each.key].member

  lifecycle {
    replace_triggered_by = [google_cloudfunctions2_function.this["recover"].id]
  }
}
