# SPDX-License-Identifier: Apache-2.0

output "webhook_url" {
  description = "The address to paste into Envybox (widget → Settings → Integrations → webhook notifications)."
  value       = google_cloudfunctions2_function.this["webhook"].service_config[0].uri
}

output "topics" {
  description = "Type => topic to subscribe to."
  value       = { for type, topic in google_pubsub_topic.type : type => topic.id }
}

output "spool_topic" {
  description = "The topic that takes webhooks while Firestore is down; read by `recover` alone."
  value       = google_pubsub_topic.spool.id
}

output "subscriptions" {
  description = "NAME-TYPE => subscription, for those of `subscriptions`."
  value       = { for key, subscription in google_pubsub_subscription.this : key => subscription.id }
}

output "push_service_account" {
  description = "The account whose token pushes carry, for receivers to check or to grant the right to call them; null where there is none."
  value       = one(google_service_account.push[*].email)
}

output "database" {
  description = "The Firestore database."
  value       = local.database_made
}

output "collection" {
  description = "The collection of the events, in the database."
  value       = var.database.collection
}

output "functions" {
  description = "Entry point => the function's id."
  value       = { for name, function in google_cloudfunctions2_function.this : name => function.id }
}

output "dead_letters" {
  description = "NAME, or `spool` => the subscription that keeps its dead letters."
  value       = merge({ spool = google_pubsub_subscription.spool_dead.id }, { for name, subscription in google_pubsub_subscription.dead : name => subscription.id })
}

output "buckets" {
  description = "NAME => bucket, for subscriptions to Cloud Storage."
  value       = local.bucket_names
}

output "tables" {
  description = "NAME => the view of one row an event, as SQL names it, for subscriptions to BigQuery."
  value       = { for name, table in google_bigquery_table.events : name => "${var.project}.${table.dataset_id}.${table.table_id}" }
}

output "secret" {
  description = "The secret with the accepted keys."
  value       = google_secret_manager_secret.keys.secret_id
}

output "public_command" {
  description = "With `invoker_iam_check = false`: switches Cloud Run's check of callers off. Run it after each apply that changes the function; else null."
  value       = local.public_command
}

output "service_accounts" {
  description = "Role => the account that plays it."
  value       = { for role, account in google_service_account.this : role => account.email }
}

output "add_key_command" {
  description = "Sets the accepted keys, all at once: it asks for them, so that none is in the shell's history."
  value       = local.add_key_command
}

output "read_key_command" {
  description = "With `pairing` on: shows the key of the last webhook that was refused for it."
  value       = local.read_key_command
}

output "dashboard_url" {
  description = "Cloud Monitoring's dashboards; the receiver's is called `NAME: webhooks`."
  value       = "https://console.cloud.google.com/monitoring/dashboards?project=${var.project}"
}

output "next_steps" {
  description = "What to do now, in plain words."
  value       = local.next_steps
}
