# SPDX-License-Identifier: Apache-2.0

# The accepted keys: one secret, mounted as a file, so that a rotation needs no deployment.

locals {
  keys_directory = "/etc/envybox"
  keys_file      = "keys"

  # Cloud Run refuses to deploy a function whose secret has no version yet. So the first version is always made here:
  # the keys if they were given, else a lone line break, which the code reads as "no key" (503 not_configured).
  # `gcloud secrets versions add` then adds the real one, and "latest" finds it. (Whoever destroys this version makes
  # Terraform create it anew, as the newest: README.md warns of it.)
  no_keys = "\n"
}

resource "google_secret_manager_secret" "keys" {
  project   = local.project
  secret_id = "${var.name}-keys"
  labels    = local.labels

  # A changed `name` would take the keys with it. Not prevent_destroy, which no variable can turn off.
  deletion_protection = var.keys_delete_protection

  replication {
    user_managed { # in the one region, as all the rest; `auto` would put it where Google likes
      replicas {
        location = var.region

        dynamic "customer_managed_encryption" {
          for_each = local.kms_key[*]

          content {
            kms_key_name = customer_managed_encryption.value
          }
        }
      }
    }
  }
}

resource "google_secret_manager_secret_version" "keys" {
  project = local.project
  secret  = google_secret_manager_secret.keys.id

  # Write-only: neither the plan nor the state holds it. Terraform cannot see that it changed, so keys_version says so.
  secret_data_wo         = var.keys != "" ? var.keys : local.no_keys
  secret_data_wo_version = var.keys_version

  # ABANDON: a raised keys_version leaves the old version enabled, so there is always one to read.
  # (create_before_destroy would spread to the secret, and two of one name cannot be.)
  deletion_policy = "ABANDON"
}

resource "google_secret_manager_secret_iam_member" "webhook" {
  project   = local.project
  secret_id = google_secret_manager_secret.keys.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.this["webhook"].member
}
