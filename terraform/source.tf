# SPDX-License-Identifier: Apache-2.0

# The archive that both functions are built from, the bucket it lies in, and the repository of the image.

locals {
  root = "${path.module}/.."

  # What the function consists of, as an allow-list (.gcloudignore says the same, for gcloud): the parts that it imports,
  # no caches, no hidden files.
  source_files = sort([
    for file in setunion(
      fileset(local.root, "{main.py,requirements.txt}"),
      fileset(local.root, "envybox/{*.py,types.json}"),
      fileset(local.root, "envybox/{google,ports,receiver}/**/*.py"),
    ) : file if file != "envybox/schema.py" && !can(regex("(^|/)\\.", file))
  ])

  # What lies beside them, by its first name at the top and by its whole name in envybox/. source_dir takes all that is not
  # excluded, so this makes an allow-list of it. (Contents given one by one, as `source`, would all be in the state.)
  source_excludes = setunion(
    # Three folders deep a file is found in all that a checkout has; to look at all that an environment for the tests has takes minutes.
    setsubtract(
      [for file in flatten([for depth in ["*", "*/*", "*/*/*"] : tolist(fileset(local.root, depth))]) : split("/", file)[0]],
      ["main.py", "requirements.txt", "envybox"],
    ),
    setsubtract(fileset(local.root, "envybox/**"), local.source_files),
  )

  # Of the files' names and contents, not of the zip: the same on every system and with every zip library.
  source_hash = substr(sha256(join("\n", [for file in local.source_files : "${file} ${filesha256("${local.root}/${file}")}"])), 0, 16)
}

data "archive_file" "source" {
  type = "zip"
  # Named after the receiver: those of one configuration, in several projects maybe, write each its own.
  output_path      = "${path.module}/.build/${var.project}-${var.name}.zip"
  output_file_mode = "0644" # else the mode is the checkout's, and the zip differs from system to system
  source_dir       = local.root
  excludes         = local.source_excludes

  exclude_symlink_directories = true # fileset sees none, so they are not among the excluded
}

resource "google_storage_bucket" "source" {
  project  = local.project
  name     = "${var.project}-${var.name}-source" # bucket names are global; a project's id is unique
  location = var.region
  labels   = local.labels

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true # it holds nothing that cannot be made again from the code

  dynamic "encryption" {
    for_each = local.kms_key[*]

    content {
      default_kms_key_name = encryption.value
    }
  }

  #checkov:skip=CKV_GCP_62:Access logs of a bucket that holds public source code are of no use
  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      num_newer_versions = 3
    }
  }
}

resource "google_storage_bucket_object" "source" {
  # The hash is in the name: a change of code is a new object, and so a new deployment.
  name   = "source-${local.source_hash}.zip"
  bucket = google_storage_bucket.source.name
  source = data.archive_file.source.output_path
}

# An own repository, so that the build account may write to this one alone, and old images go.
resource "google_artifact_registry_repository" "images" {
  #checkov:skip=CKV_GCP_84:The key is the user's choice (kms_key); without one it is Google's
  project       = local.project
  location      = var.region
  repository_id = "${var.name}-functions"
  description   = "Images of the ${var.name} functions"
  format        = "DOCKER"
  kms_key_name  = local.kms_key
  labels        = local.labels

  # The deployed image is among the most recent: a Keep rule wins over a Delete rule.
  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = 5
    }
  }

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "2592000s" # 30 days
    }
  }
}

resource "google_artifact_registry_repository_iam_member" "build" {
  project    = local.project
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.this["build"].member
}
