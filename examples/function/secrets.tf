# The settings that are secrets: one secret each, read by this function's account alone.

resource "google_secret_manager_secret" "this" {
  for_each = var.secrets

  project   = var.project
  secret_id = "${local.full_name}-${replace(lower(each.key), "_", "-")}"
  labels    = local.labels

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }
}

resource "google_secret_manager_secret_version" "this" {
  for_each = var.secrets

  secret = google_secret_manager_secret.this[each.key].id

  # Write-only: neither the plan nor the state holds it.
  secret_data_wo         = var.secret_values[each.key]
  secret_data_wo_version = var.secrets_version
}

resource "google_secret_manager_secret_iam_member" "this" {
  for_each = var.secrets

  project   = var.project
  secret_id = google_secret_manager_secret.this[each.key].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.this.member
}
