# Deploys the function, subscribed, and makes the bucket. `terraform apply` here, or as a module of your own
# configuration.

variable "project" {
  description = "The receiver's project."
  type        = string
}

variable "region" {
  description = "The receiver's region; the bucket is there too."
  type        = string
  default     = "europe-west1"
}

variable "bucket" {
  description = "The name of the bucket to make, unlike any other in the world. null: PROJECT-envybox-recordings."
  type        = string
  default     = null
}

variable "retention_days" {
  description = "Recordings older than this are deleted; null: never."
  type        = number
  default     = 365
}

variable "settings" {
  description = "Other settings of README.md, such as { RECORDINGS_MAX_MB = \"20\" }."
  type        = map(string)
  default     = {}
}

variable "notification_channels" {
  description = "Where its errors are told."
  type        = list(string)
  default     = []
}

resource "google_storage_bucket" "recordings" {
  project  = var.project
  name     = coalesce(var.bucket, "${var.project}-envybox-recordings")
  location = var.region

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced" # they are people's voices

  dynamic "lifecycle_rule" {
    for_each = var.retention_days[*]

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

# It may add objects, and neither read, nor overwrite, nor delete any.
resource "google_storage_bucket_iam_member" "function" {
  bucket = google_storage_bucket.recordings.name
  role   = "roles/storage.objectCreator"
  member = "serviceAccount:${module.function.service_account}"
}

module "function" {
  source = "../function"

  project = var.project
  region  = var.region
  name    = "recordings"
  folder  = path.module
  types   = ["call.info", "call.result"]
  filter  = "attributes.call_state = \"answered\"" # the others have no recording

  # A recording is held in memory while it is fetched. Nothing here is slow for being done at once.
  scaling = { memory = "512Mi", max_instances = 3, concurrency = 2 }

  environment           = merge({ RECORDINGS_BUCKET = google_storage_bucket.recordings.name }, var.settings)
  notification_channels = var.notification_channels
}

output "bucket" {
  description = "The bucket with the recordings: ACCOUNT/YYYY/MM/DD/CALL.mp3."
  value       = google_storage_bucket.recordings.name
}

output "dead_letters" {
  description = "The subscription that keeps the events whose recordings could not be kept."
  value       = module.function.dead_letters
}
