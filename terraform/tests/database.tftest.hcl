# SPDX-License-Identifier: Apache-2.0

# A database and a dataset that exist already, and backups.

mock_provider "google" {}
mock_provider "google-beta" {}
mock_provider "time" {}

variables {
  project       = "demo-project"
  database      = { name = "(default)", collection = "leads", create = false, backup_days = 14 }
  subscriptions = { warehouse = { types = ["call.result"], bigquery = { dataset = "theirs", dataset_create = false } } }
}

run "left_to_the_user" {
  command = plan

  assert {
    condition     = length(google_firestore_database.this) == 0 && length(google_bigquery_dataset.this) == 0
    error_message = "What exists already must not be made."
  }

  assert {
    condition     = alltrue([for field in concat([google_firestore_field.expire_at], values(google_firestore_field.unindexed), values(google_firestore_index.this)) : field.database == "(default)" && field.collection == "leads"]) && google_bigquery_table.messages["warehouse"].dataset_id == "theirs"
    error_message = "What is in it must be made there."
  }

  assert {
    condition     = one(google_firestore_backup_schedule.this).retention == "1209600s" && one(google_firestore_backup_schedule.this).database == "(default)"
    error_message = "Backups must be kept for the days given."
  }
}
