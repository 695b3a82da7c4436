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
  value       = google_firestore_database.this.name
}

output "service_accounts" {
  description = "Role => the account that plays it."
  value       = { for role, account in google_service_account.this : role => account.email }
}

output "add_key_command" {
  description = "Sets the accepted keys, all at once: it asks for them, so that none is in the shell's history."
  value       = "read -rs KEYS && printf %s \"$KEYS\" | gcloud secrets versions add ${google_secret_manager_secret.keys.secret_id} --project=${var.project} --data-file=-"
}

output "dashboard_url" {
  description = "Cloud Monitoring's dashboards; the receiver's is called `NAME: webhooks`."
  value       = "https://console.cloud.google.com/monitoring/dashboards?project=${var.project}"
}

output "next_steps" {
  description = "What to do now, in plain words."
  value       = <<-EOT
    1. Set the key that Envybox sends (skip this if you passed `keys`). Run the line below, paste
       label=key and press Enter; it works within two minutes, without a deployment. All accepted keys
       go in at once, separated by commas.
         read -rs KEYS && printf %s "$KEYS" | gcloud secrets versions add ${google_secret_manager_secret.keys.secret_id} --project=${var.project} --data-file=-
    2. In Envybox open the widget → Settings → Integrations → webhook notifications, tick the events,
       and paste this address:
         ${google_cloudfunctions2_function.this["webhook"].service_config[0].uri}
    3. Watch what comes in:
         https://console.cloud.google.com/monitoring/dashboards?project=${var.project}
    4. Subscribe to topics, ${local.prefix}call-result for example: by `subscriptions`, or from your own configuration
       by the output `topics`.
    ${length(var.notification_channels) == 0 ? "5. No notification channel is set: alerts are seen in the console alone. Set `notification_channels`." : "5. Alerts go to ${length(var.notification_channels)} notification channel(s)."}
    6. Send a test webhook: run the line below, paste the key without its label and press Enter. It must
       answer "published".
         read -rs KEY && printf %s "$KEY" | curl ${google_cloudfunctions2_function.this["webhook"].service_config[0].uri} -d webhooktype=1 -d phone=79000000000 --data-urlencode key@-
  EOT
}
