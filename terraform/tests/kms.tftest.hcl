# SPDX-License-Identifier: Apache-2.0

# A customer's key for all that holds data or code.

mock_provider "google" {}
mock_provider "google-beta" {}
mock_provider "time" {}

variables {
  project = "demo-project"
  kms_key = "projects/keys-project/locations/europe-west1/keyRings/ring/cryptoKeys/key"

  # `terraform test` cannot apply with an ephemeral variable that is left at its default.
  keys = ""

  subscriptions = {
    warehouse = { types = ["call.result"], bigquery = {} }
    archive   = { types = ["call.result"], cloud_storage = {} }
  }
}

run "everything_has_the_key" {
  command = apply

  assert {
    condition = toset(concat(
      [for f in google_cloudfunctions2_function.this : f.kms_key_name],
      [for topic in concat(values(google_pubsub_topic.type), [google_pubsub_topic.spool, google_pubsub_topic.spool_dead], values(google_pubsub_topic.dead)) : topic.kms_key_name],
      [google_firestore_database.this[0].cmek_config[0].kms_key_name],
      [google_secret_manager_secret.keys.replication[0].user_managed[0].replicas[0].customer_managed_encryption[0].kms_key_name],
      [google_artifact_registry_repository.images.kms_key_name],
      [google_storage_bucket.source.encryption[0].default_kms_key_name, google_storage_bucket.events["archive"].encryption[0].default_kms_key_name],
      [google_bigquery_dataset.this["envybox"].default_encryption_configuration[0].kms_key_name, google_bigquery_table.messages["warehouse"].encryption_configuration[0].kms_key_name],
    )) == toset([var.kms_key])
    error_message = "Something that holds data or code has not the customer's key."
  }

  assert {
    condition     = toset(keys(google_kms_crypto_key_iam_member.this)) == toset(["artifactregistry", "bigquery", "cloudfunctions", "firestore", "pubsub", "run", "secretmanager", "storage"])
    error_message = "Those of Google's accounts that use the key must have the right to."
  }
}
