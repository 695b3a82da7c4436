# SPDX-License-Identifier: Apache-2.0

# A customer's key (kms_key) for all that holds data or code, as the organization policy restrictNonCmekServices asks for,
# and the right to use it for the Google accounts that do so.

locals {
  # Whoever takes it has waited for the grants.
  kms_key = var.kms_key == null ? null : time_sleep.kms[0].triggers["key"]

  # API => who of it uses the key. A function's key is asked for by the last three, by its sources' bucket and by its
  # repository: https://cloud.google.com/functions/docs/securing/cmek
  kms_services = ["artifactregistry", "cloudfunctions", "firestore", "pubsub", "run", "secretmanager"]

  kms_members = var.kms_key == null ? {} : merge(
    { for service, identity in google_project_service_identity.kms : service => identity.member },
    { storage = "serviceAccount:${data.google_storage_project_service_account.this[0].email_address}" },
    length(local.bigquery) > 0 ? { bigquery = "serviceAccount:${data.google_bigquery_default_service_account.this[0].email}" } : {},
  )
}

resource "google_project_service_identity" "kms" {
  provider = google-beta
  for_each = toset(var.kms_key == null ? [] : local.kms_services)

  project = local.project
  service = "${each.key}.googleapis.com"
}

data "google_storage_project_service_account" "this" {
  count = var.kms_key == null ? 0 : 1

  project = local.project
}

data "google_bigquery_default_service_account" "this" {
  count = var.kms_key == null || length(local.bigquery) == 0 ? 0 : 1

  project = local.project
}

resource "google_kms_crypto_key_iam_member" "this" {
  for_each = local.kms_members

  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value
}

resource "time_sleep" "kms" {
  count = var.kms_key == null ? 0 : 1

  create_duration = local.grant_wait

  triggers = {
    key     = var.kms_key
    members = join(" ", keys(local.kms_members)) # one more: wait again
  }

  depends_on = [google_kms_crypto_key_iam_member.this]
}
