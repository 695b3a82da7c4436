# SPDX-License-Identifier: Apache-2.0

# Cloud Storage: a bucket for each entry that names none.

locals {
  cloud_storage = { for name, settings in var.subscriptions : name => settings.cloud_storage if settings.cloud_storage != null }
  bucket_names  = { for name, settings in local.cloud_storage : name => settings.bucket != null ? settings.bucket : google_storage_bucket.events[name].name }

  # The agent looks at the bucket and writes objects; it need not read or delete any.
  bucket_roles = ["roles/storage.legacyBucketReader", "roles/storage.objectCreator"]
}

resource "google_storage_bucket" "events" {
  #checkov:skip=CKV_GCP_62:A second bucket for access logs is the user's choice, and so are Cloud Audit Logs of data access
  #checkov:skip=CKV_GCP_78:Its objects are written once and never again: versions would keep personal data past expire_days
  for_each = { for name, settings in local.cloud_storage : name => settings if settings.bucket == null }

  project  = local.project
  name     = "${var.project}-${var.name}-${each.key}"
  location = var.region
  labels   = local.labels

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false # visitors' data: `terraform destroy` stops here until somebody empties it

  dynamic "encryption" {
    for_each = local.kms_key[*]

    content {
      default_kms_key_name = encryption.value
    }
  }

  # A file that is to be gone after so many days is not kept for seven more.
  dynamic "soft_delete_policy" {
    for_each = each.value.expire_days[*]

    content {
      retention_duration_seconds = 0
    }
  }

  dynamic "lifecycle_rule" {
    for_each = each.value.expire_days[*]

    content {
      action {
        type = "Delete"
      }
      condition {
        age = lifecycle_rule.value
      }
    }
  }
}

resource "google_storage_bucket_iam_member" "pubsub" {
  for_each = merge([
    for name in keys(local.cloud_storage) : { for role in local.bucket_roles : "${name}:${role}" => { name = name, role = role } }
  ]...)

  bucket = local.bucket_names[each.value.name]
  role   = each.value.role
  member = local.pubsub_agent
}
