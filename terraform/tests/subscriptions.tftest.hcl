# SPDX-License-Identifier: Apache-2.0

# Every kind of subscription.

mock_provider "google" {}
mock_provider "google-beta" {}
mock_provider "time" {}

variables {
  project = "demo-project"

  # `terraform test` cannot apply with an ephemeral variable that is left at its default.
  keys = ""

  subscriptions = {
    crm       = { types = ["call.result"], push = { url = "https://crm.example.com/hook" } }
    plain     = { types = ["lead.quiz"], push = { url = "https://plain.example.com/", wrapped = false, authenticated = false }, filter = "attributes.site = \"example.com\"" }
    own       = { types = ["lead.quiz"], push = { url = "https://own.example.com/", service_account_email = "own@demo-project.iam.gserviceaccount.com", audience = "aud" } }
    bot       = { types = ["call.started", "call.info"], pull = { consumers = ["serviceAccount:bot@demo-project.iam.gserviceaccount.com"] }, ordering = true, dead_letter_after = 0, ack_deadline_seconds = 60, retention = "86400s", retry = { minimum = "1s" } }
    warehouse = { types = ["*"], bigquery = { expire_days = 2 } }
    archive   = { types = ["unknown"], cloud_storage = { expire_days = 30, format = "avro" }, dead_letter_after = 5 }
    files     = { types = ["unknown"], cloud_storage = { bucket = "example-bucket", prefix = "envybox/" } }
  }
}

run "all_kinds" {
  command = apply

  assert {
    condition = toset([for s in google_pubsub_subscription.this : s.name if !startswith(s.name, "envybox-warehouse-")]) == toset([
      "envybox-crm-call-result", "envybox-plain-lead-quiz", "envybox-own-lead-quiz", "envybox-bot-call-started", "envybox-bot-call-info", "envybox-archive-unknown", "envybox-files-unknown",
    ])
    error_message = "Each type of an entry must have its subscription, by the agreed name."
  }

  assert {
    condition     = length([for s in google_pubsub_subscription.this : s if startswith(s.name, "envybox-warehouse-")]) == length(local.types)
    error_message = "[\"*\"] must mean every type."
  }

  assert {
    condition     = alltrue([for key, s in google_pubsub_subscription.this : s.topic == google_pubsub_topic.type[local.subscriptions[key].type].id && s.expiration_policy[0].ttl == ""])
    error_message = "A subscription must be of its type's topic, and never expire."
  }

  assert {
    condition = (
      google_pubsub_subscription.this["crm-call-result"].push_config[0].push_endpoint == "https://crm.example.com/hook" &&
      google_pubsub_subscription.this["crm-call-result"].push_config[0].oidc_token[0].audience == "https://crm.example.com/hook" &&
      google_pubsub_subscription.this["crm-call-result"].push_config[0].oidc_token[0].service_account_email == google_service_account.push[0].email &&
      length(google_pubsub_subscription.this["crm-call-result"].push_config[0].no_wrapper) == 0 &&
      google_pubsub_subscription.this["crm-call-result"].retry_policy[0].minimum_backoff == "10s" &&
      google_pubsub_subscription.this["crm-call-result"].retry_policy[0].maximum_backoff == "600s" &&
      google_pubsub_subscription.this["crm-call-result"].dead_letter_policy[0].max_delivery_attempts == 100 &&
      google_pubsub_subscription.this["crm-call-result"].message_retention_duration == "604800s"
    )
    error_message = "A push with nothing but its URL must be signed, retried and have dead letters."
  }

  assert {
    condition     = google_service_account_iam_member.push_token[0].service_account_id == google_service_account.push[0].name && output.push_service_account == google_service_account.push[0].email
    error_message = "Pub/Sub must be able to sign, and a receiver to learn by whom."
  }

  assert {
    condition = (
      length(google_pubsub_subscription.this["plain-lead-quiz"].push_config[0].oidc_token) == 0 &&
      google_pubsub_subscription.this["plain-lead-quiz"].push_config[0].no_wrapper[0].write_metadata &&
      google_pubsub_subscription.this["plain-lead-quiz"].filter == "attributes.site = \"example.com\""
    )
    error_message = "A push without wrapper and token must have neither, and its filter."
  }

  assert {
    condition     = google_pubsub_subscription.this["own-lead-quiz"].push_config[0].oidc_token[0].service_account_email == "own@demo-project.iam.gserviceaccount.com" && google_pubsub_subscription.this["own-lead-quiz"].push_config[0].oidc_token[0].audience == "aud"
    error_message = "The user's own account and audience must be taken."
  }

  assert {
    condition = (
      google_pubsub_subscription.this["bot-call-info"].enable_message_ordering &&
      google_pubsub_subscription.this["bot-call-info"].ack_deadline_seconds == 60 &&
      google_pubsub_subscription.this["bot-call-info"].message_retention_duration == "86400s" &&
      google_pubsub_subscription.this["bot-call-info"].retry_policy[0].minimum_backoff == "1s" &&
      length(google_pubsub_subscription.this["bot-call-info"].push_config) == 0 &&
      length(google_pubsub_subscription.this["bot-call-info"].dead_letter_policy) == 0
    )
    error_message = "A pull subscription must take its settings."
  }

  assert {
    condition = toset([for grant in google_pubsub_subscription_iam_member.consumer : "${grant.subscription} ${grant.role} ${grant.member}"]) == toset([
      "envybox-bot-call-started roles/pubsub.subscriber serviceAccount:bot@demo-project.iam.gserviceaccount.com",
      "envybox-bot-call-info roles/pubsub.subscriber serviceAccount:bot@demo-project.iam.gserviceaccount.com",
    ])
    error_message = "The consumers must be able to read what they are named for, and no more."
  }

  assert {
    condition = (
      google_bigquery_dataset.this["envybox"].location == "europe-west1" &&
      google_bigquery_table.messages["warehouse"].table_id == "events_messages" &&
      google_bigquery_table.messages["warehouse"].time_partitioning[0].expiration_ms == 172800000 &&
      google_bigquery_table.messages["warehouse"].deletion_protection &&
      [for column in jsondecode(google_bigquery_table.messages["warehouse"].schema) : "${column.name} ${column.type}"] == ["data STRING", "subscription_name STRING", "message_id STRING", "publish_time TIMESTAMP", "attributes JSON"] &&
      google_bigquery_table.events["warehouse"].table_id == "events"
    )
    error_message = "The table must have the columns that Pub/Sub writes, and a view of events beside it."
  }

  assert {
    condition     = strcontains(google_bigquery_table.events["warehouse"].view[0].query, "FROM `demo-project.envybox.events_messages`") && strcontains(google_bigquery_table.events["warehouse"].view[0].query, "JSON_VALUE(data, '$.visitor.phone') AS visitor_phone,")
    error_message = "The view must lay out the messages of its table."
  }

  assert {
    condition     = alltrue([for key, s in google_pubsub_subscription.this : s.bigquery_config[0].table == "demo-project.envybox.events_messages" && s.bigquery_config[0].write_metadata if startswith(key, "warehouse-")])
    error_message = "All types of an entry must go to its one table, with metadata."
  }

  assert {
    condition     = google_bigquery_table_iam_member.pubsub["warehouse"].role == "roles/bigquery.dataEditor" && google_bigquery_table_iam_member.pubsub["warehouse"].table_id == "events_messages" && google_bigquery_table_iam_member.pubsub["warehouse"].member == google_project_service_identity.pubsub.member
    error_message = "Pub/Sub's account must write to the one table."
  }

  assert {
    condition = (
      google_pubsub_subscription.this["archive-unknown"].cloud_storage_config[0].bucket == "demo-project-envybox-archive" &&
      google_pubsub_subscription.this["archive-unknown"].cloud_storage_config[0].avro_config[0].write_metadata &&
      google_pubsub_subscription.this["archive-unknown"].ack_deadline_seconds == 300 &&
      google_pubsub_subscription.this["archive-unknown"].dead_letter_policy[0].max_delivery_attempts == 5 &&
      one(one(google_storage_bucket.events["archive"].lifecycle_rule).condition).age == 30 &&
      one(google_storage_bucket.events["archive"].soft_delete_policy).retention_duration_seconds == 0 &&
      google_pubsub_subscription.this["files-unknown"].cloud_storage_config[0].bucket == "example-bucket" &&
      google_pubsub_subscription.this["files-unknown"].cloud_storage_config[0].filename_prefix == "envybox/files-unknown/" &&
      length(google_pubsub_subscription.this["files-unknown"].cloud_storage_config[0].avro_config) == 0 &&
      keys(google_storage_bucket.events) == ["archive"]
    )
    error_message = "Files must go to a made bucket, or to the user's."
  }

  assert {
    condition = toset([for grant in google_storage_bucket_iam_member.pubsub : "${grant.bucket} ${grant.role}"]) == toset([
      "demo-project-envybox-archive roles/storage.objectCreator", "demo-project-envybox-archive roles/storage.legacyBucketReader",
      "example-bucket roles/storage.objectCreator", "example-bucket roles/storage.legacyBucketReader",
    ])
    error_message = "Pub/Sub's account must write to the buckets, and not read them."
  }

  assert {
    condition = (
      toset([for topic in google_pubsub_topic.dead : topic.name]) == toset([for name in ["crm", "plain", "own", "warehouse", "archive", "files"] : "envybox-${name}-dead"]) &&
      alltrue([for s in google_pubsub_subscription.dead : s.expiration_policy[0].ttl == "" && s.message_retention_duration == "2678400s"]) &&
      alltrue([for grant in google_pubsub_topic_iam_member.dead : grant.role == "roles/pubsub.publisher" && grant.member == google_project_service_identity.pubsub.member]) &&
      toset([for grant in google_pubsub_subscription_iam_member.dead : grant.subscription]) == toset([for key, s in google_pubsub_subscription.this : s.name if !startswith(key, "bot-")]) &&
      alltrue([for grant in google_pubsub_subscription_iam_member.dead : grant.role == "roles/pubsub.subscriber" && grant.member == google_project_service_identity.pubsub.member])
    )
    error_message = "Each entry must have dead letters that are kept, and the grants that moving them needs."
  }

  assert {
    condition     = contains(keys(google_project_service.this), "bigquery.googleapis.com") && length(time_sleep.subscription_grants) == 1
    error_message = "BigQuery must be enabled, and grants waited for."
  }

  assert {
    condition     = contains(keys(google_monitoring_alert_policy.this), "backlog")
    error_message = "With subscriptions their backlog must be watched."
  }
}

run "another_name" {
  command   = apply
  state_key = "other" # a name cannot be changed after an apply

  variables {
    name = "my-leads"
  }

  assert {
    condition     = google_bigquery_table.messages["warehouse"].dataset_id == "my_leads" && strcontains(google_bigquery_table.events["warehouse"].view[0].query, "FROM `demo-project.my_leads.events_messages`")
    error_message = "Two receivers of a project must not make the same dataset."
  }
}
