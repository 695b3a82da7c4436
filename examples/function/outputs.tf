output "url" {
  description = "The function's address, which Pub/Sub alone may call."
  value       = google_cloudfunctions2_function.this.service_config[0].uri
}

output "service_account" {
  description = "The account that it runs as, for grants of its own."
  value       = google_service_account.this.email
}

output "subscriptions" {
  description = "Type => subscription."
  value       = { for type, subscription in google_pubsub_subscription.this : type => subscription.id }
}

output "dead_letters" {
  description = "The subscription that keeps what could not be delivered."
  value       = google_pubsub_subscription.dead.id
}
