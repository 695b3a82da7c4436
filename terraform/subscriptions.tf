# SPDX-License-Identifier: Apache-2.0

# The subscriptions of var.subscriptions, one for each of an entry's types. What each kind needs beside is in
# subscriptions_KIND.tf and subscriptions_dead_letters.tf.

locals {
  # crm-call-result => { name = "crm", type = "call.result", and the entry's settings }
  subscriptions = merge([
    for name, settings in var.subscriptions : {
      for type in settings.types == tolist(["*"]) ? keys(local.topic_names) : settings.types :
      "${name}-${replace(type, ".", "-")}" => merge(settings, { name = name, type = type })
    }
  ]...)
}

resource "google_pubsub_subscription" "this" {
  for_each = local.subscriptions

  project = local.project
  name    = "${local.prefix}${each.key}"
  topic   = google_pubsub_topic.type[each.value.type].id
  labels  = local.labels

  filter                     = each.value.filter
  enable_message_ordering    = each.value.ordering
  message_retention_duration = each.value.retention

  # A file in Cloud Storage may stay open no longer than a message may stay unacknowledged.
  ack_deadline_seconds = max(
    each.value.ack_deadline_seconds,
    try(tonumber(trimsuffix(each.value.cloud_storage.max_duration, "s")), 0),
  )

  dynamic "push_config" {
    for_each = each.value.push[*]

    content {
      push_endpoint = push_config.value.url

      dynamic "oidc_token" {
        for_each = push_config.value.authenticated ? [1] : []

        content {
          service_account_email = coalesce(push_config.value.service_account_email, one(google_service_account.push[*].email))
          audience              = coalesce(push_config.value.audience, push_config.value.url)
        }
      }

      dynamic "no_wrapper" {
        for_each = push_config.value.wrapped ? [] : [1]

        content {
          write_metadata = true # attributes and message id as headers: without the wrapper they would be lost
        }
      }
    }
  }

  dynamic "bigquery_config" {
    for_each = each.value.bigquery[*]

    content {
      table          = "${local.project}.${google_bigquery_table.messages[each.value.name].dataset_id}.${google_bigquery_table.messages[each.value.name].table_id}"
      write_metadata = true # attributes, message id and time of publishing in columns of their own
    }
  }

  dynamic "cloud_storage_config" {
    for_each = each.value.cloud_storage[*]

    content {
      bucket          = local.bucket_names[each.value.name]
      filename_prefix = "${cloud_storage_config.value.prefix}${each.key}/"
      filename_suffix = cloud_storage_config.value.format == "avro" ? ".avro" : ".jsonl"
      max_duration    = cloud_storage_config.value.max_duration
      max_bytes       = cloud_storage_config.value.max_bytes

      dynamic "avro_config" {
        for_each = cloud_storage_config.value.format == "avro" ? [1] : []

        content {
          write_metadata = true
        }
      }
    }
  }

  retry_policy {
    minimum_backoff = each.value.retry.minimum
    maximum_backoff = each.value.retry.maximum
  }

  dynamic "dead_letter_policy" {
    for_each = each.value.dead_letter_after > 0 ? [1] : []

    content {
      dead_letter_topic     = google_pubsub_topic.dead[each.value.name].id
      max_delivery_attempts = each.value.dead_letter_after
    }
  }

  expiration_policy {
    ttl = "" # never; by default a subscription that nobody reads for 31 days is deleted, silently
  }

  depends_on = [
    google_pubsub_topic_iam_member.dead,
    google_service_account_iam_member.push_token,
    time_sleep.subscription_grants,
  ]
}

# Who may read a pull subscription.
resource "google_pubsub_subscription_iam_member" "consumer" {
  for_each = merge([
    for key, subscription in local.subscriptions : {
      for member in try(subscription.pull.consumers, []) : "${key}:${member}" => { key = key, member = member }
    }
  ]...)

  project      = local.project
  subscription = google_pubsub_subscription.this[each.value.key].name
  role         = "roles/pubsub.subscriber"
  member       = each.value.member
}

# Pub/Sub checks, when a subscription to BigQuery or Cloud Storage is made, that it may write there.
resource "time_sleep" "subscription_grants" {
  count = length(local.bigquery) + length(local.cloud_storage) > 0 ? 1 : 0

  create_duration = local.grant_wait

  triggers = {
    # What is written to: one more, or another, has new grants to wait for.
    subscriptions = join(" ", concat(
      [for name, settings in local.bigquery : "${name}:${settings.dataset}.${settings.table}"],
      [for name, settings in local.cloud_storage : "${name}:${coalesce(settings.bucket, "made")}"],
    ))
  }

  depends_on = [
    google_bigquery_table_iam_member.pubsub,
    google_storage_bucket_iam_member.pubsub,
  ]
}
