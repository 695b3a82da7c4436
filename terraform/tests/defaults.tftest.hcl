# SPDX-License-Identifier: Apache-2.0

# What `terraform apply -var project=…` makes, and nothing else set.

mock_provider "google" {}
mock_provider "google-beta" {}
mock_provider "time" {}

variables {
  project = "demo-project"

  # `terraform test` cannot apply with an ephemeral variable that is left at its default.
  keys = ""
}

run "plan" {
  command = plan

  assert {
    condition     = toset(keys(google_cloudfunctions2_function.this)) == toset(["webhook", "recover"])
    error_message = "There must be exactly the two functions."
  }

  assert {
    condition     = alltrue([for name, f in google_cloudfunctions2_function.this : f.name == "envybox-${name}" && f.location == "europe-west1" && f.project == "demo-project" && f.build_config[0].runtime == "python313" && f.build_config[0].entry_point == name])
    error_message = "The functions' names, places, runtime or entry points are wrong."
  }

  assert {
    condition = (
      google_cloudfunctions2_function.this["webhook"].service_config[0].max_instance_request_concurrency == 80 &&
      google_cloudfunctions2_function.this["webhook"].service_config[0].available_cpu == "1" &&
      google_cloudfunctions2_function.this["webhook"].service_config[0].available_memory == "512Mi" &&
      google_cloudfunctions2_function.this["webhook"].service_config[0].timeout_seconds == 10 &&
      google_cloudfunctions2_function.this["webhook"].service_config[0].max_instance_count == 10 &&
      google_cloudfunctions2_function.this["webhook"].service_config[0].ingress_settings == "ALLOW_ALL"
    )
    error_message = "webhook's size is not the default one, or it cannot be reached."
  }

  assert {
    condition = (
      google_cloudfunctions2_function.this["recover"].service_config[0].timeout_seconds == 60 &&
      google_cloudfunctions2_function.this["recover"].service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY" &&
      length(google_cloudfunctions2_function.this["recover"].service_config[0].secret_volumes) == 0
    )
    error_message = "recover must have 60 s, internal traffic alone, and no key."
  }

  assert {
    condition     = google_cloudfunctions2_function.this["webhook"].build_config[0].source[0].storage_source[0].object == "source-${local.source_hash}.zip"
    error_message = "The archive's name must hold its hash."
  }

  assert {
    condition     = alltrue([for f in google_cloudfunctions2_function.this : f.service_config[0].environment_variables["SOURCE_HASH"] == local.source_hash])
    error_message = "What Google gives back must tell which code was built: a failed build would be taken for a deployment."
  }

  assert {
    condition     = toset([for topic in google_pubsub_topic.type : topic.name]) == toset([for row in jsondecode(file("../envybox/types.json")) : "envybox-${replace(row.type, ".", "-")}"])
    error_message = "The topics are not those of the types' table."
  }

  assert {
    condition     = alltrue([for topic in google_pubsub_topic.type : topic.message_storage_policy[0].allowed_persistence_regions == toset(["europe-west1"])])
    error_message = "Messages must stay in the region."
  }

  assert {
    condition     = google_pubsub_topic.spool.name == "envybox-spool" && google_pubsub_topic.spool_dead.name == "envybox-spool-dead"
    error_message = "The spool's topics have other names than the code's."
  }

  assert {
    condition = (
      google_pubsub_subscription.spool.dead_letter_policy[0].max_delivery_attempts == 100 &&
      google_pubsub_subscription.spool.retry_policy[0].minimum_backoff == "10s" &&
      google_pubsub_subscription.spool.retry_policy[0].maximum_backoff == "600s" &&
      google_pubsub_subscription.spool.expiration_policy[0].ttl == "" &&
      google_pubsub_subscription.spool_dead.expiration_policy[0].ttl == "" &&
      google_pubsub_subscription.spool_dead.message_retention_duration == "2678400s"
    )
    error_message = "The spool would lose messages in a long outage."
  }

  assert {
    condition = (
      google_firestore_database.this[0].name == "envybox" && google_firestore_database.this[0].location_id == "europe-west1" &&
      google_firestore_database.this[0].point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED" &&
      google_firestore_database.this[0].delete_protection_state == "DELETE_PROTECTION_ENABLED" &&
      google_firestore_database.this[0].deletion_policy == "ABANDON"
    )
    error_message = "The database is not protected by default."
  }

  assert {
    condition     = toset(keys(google_firestore_field.unindexed)) == toset(["raw", "custom_data", "extra", "chat.transcript"])
    error_message = "Other fields than agreed are left out of the indexes."
  }

  assert {
    condition = (
      [for f in google_firestore_index.this["pending"].fields : "${f.field_path} ${f.order}"] == ["publish.state ASCENDING", "received_at ASCENDING"] &&
      toset(keys(google_firestore_index.this)) == toset(["pending", "by_type", "by_site", "by_state", "by_account"])
    )
    error_message = "recover's query, or an operator's, would find no index."
  }

  assert {
    condition     = alltrue([for field in concat([google_firestore_field.expire_at], values(google_firestore_field.unindexed)) : field.deletion_policy == "ABANDON"])
    error_message = "The database outlives a destroy: its events must still expire, and their text stay out of the indexes."
  }

  assert {
    condition     = google_firestore_field.expire_at.field == "expire_at" && length(google_firestore_field.expire_at.ttl_config) == 1
    error_message = "expire_at must have a TTL policy."
  }

  assert {
    condition     = google_cloud_scheduler_job.recover.schedule == "* * * * *" && google_cloud_scheduler_job.recover.http_target[0].http_method == "POST" && google_cloud_scheduler_job.recover.region == "europe-west1"
    error_message = "recover must be called every minute."
  }

  assert {
    condition     = length(google_pubsub_subscription.this) + length(google_bigquery_table.messages) + length(google_storage_bucket.events) + length(google_service_account.push) == 0
    error_message = "Without subscriptions nothing of theirs must be made."
  }

  assert {
    condition     = alltrue([for service in google_project_service.this : service.disable_on_destroy == false])
    error_message = "Destroying must not turn off APIs that others use."
  }
}

# Applied (to mocks), what is known only then can be looked at too.
run "apply" {
  command = apply

  assert {
    condition     = output.webhook_url == google_cloudfunctions2_function.this["webhook"].service_config[0].uri && strcontains(output.next_steps, output.webhook_url)
    error_message = "The outputs must tell the address to paste into Envybox."
  }

  assert {
    condition     = output.topics["call.result"] == google_pubsub_topic.type["call.result"].id && length(output.topics) == 10
    error_message = "The outputs must name the topics."
  }

  assert {
    condition     = strcontains(output.next_steps, output.add_key_command) && strcontains(output.add_key_command, "gcloud secrets versions add envybox-keys --project=demo-project")
    error_message = "The outputs must tell how to add a key."
  }

  assert {
    condition = (
      google_pubsub_subscription.spool.push_config[0].push_endpoint == google_cloudfunctions2_function.this["recover"].service_config[0].uri &&
      google_pubsub_subscription.spool.push_config[0].oidc_token[0].audience == google_cloudfunctions2_function.this["recover"].service_config[0].uri &&
      google_pubsub_subscription.spool.push_config[0].oidc_token[0].service_account_email == google_service_account.this["spool"].email &&
      google_cloud_scheduler_job.recover.http_target[0].uri == google_cloudfunctions2_function.this["recover"].service_config[0].uri &&
      google_cloud_scheduler_job.recover.http_target[0].oidc_token[0].service_account_email == google_service_account.this["scheduler"].email
    )
    error_message = "The spool and the scheduler must call recover, each with its own token."
  }

  assert {
    condition     = alltrue([for name, f in google_cloudfunctions2_function.this : f.service_config[0].service_account_email == google_service_account.this[name].email && f.build_config[0].service_account == google_service_account.this["build"].id])
    error_message = "Each function must run, and be built, as an account of its own."
  }
}

run "another_region" {
  command = plan

  variables {
    region = "europe-west3"
  }

  expect_failures = [terraform_data.region]
}

run "other_names" {
  command   = plan
  state_key = "other" # neither can be changed after an apply

  variables {
    name         = "leads"
    topic_prefix = "acme-"
    region       = "europe-west3"
    database     = { location = "eur3", delete_protection = false, point_in_time_recovery = false, index_times = false }
  }

  assert {
    condition     = google_pubsub_topic.type["call.result"].name == "acme-call-result" && google_pubsub_topic.spool.name == "acme-spool" && google_cloudfunctions2_function.this["webhook"].service_config[0].environment_variables["ENVYBOX_TOPIC_PREFIX"] == "acme-"
    error_message = "Topics and the code must take the prefix."
  }

  assert {
    condition     = google_firestore_database.this[0].name == "leads" && google_firestore_database.this[0].location_id == "eur3" && google_firestore_database.this[0].deletion_policy == "DELETE" && google_cloudfunctions2_function.this["recover"].service_config[0].environment_variables["ENVYBOX_DATABASE"] == "leads"
    error_message = "The database must take the name, the place and the settings."
  }

  assert {
    condition     = contains(keys(google_firestore_field.unindexed), "received_at") && keys(google_firestore_index.this) == ["pending"]
    error_message = "With index_times = false no time may be indexed but recover's."
  }

  assert {
    condition     = google_firestore_field.unindexed["received_at"].deletion_policy == "DELETE" && google_firestore_field.unindexed["raw"].deletion_policy == "ABANDON"
    error_message = "With index_times = true again, the times must be indexed again."
  }

  assert {
    condition     = strcontains(data.archive_file.source.output_path, "demo-project-leads.zip")
    error_message = "Two receivers of one configuration must not write the same archive."
  }
}
