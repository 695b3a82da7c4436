# SPDX-License-Identifier: Apache-2.0

# Who may do what. A test outside (tests/terraform) sees to it that there are no other grants than those looked at here.

mock_provider "google" {}
mock_provider "google-beta" {}
mock_provider "time" {}

variables {
  project = "demo-project"

  # `terraform test` cannot apply with an ephemeral variable that is left at its default.
  keys = ""
}

run "defaults" {
  command = apply

  assert {
    condition = toset([for key, grant in google_project_iam_member.this : "${local.project_grants[key].account} ${grant.role}"]) == toset([
      "webhook roles/datastore.user",
      "recover roles/datastore.user",
      "build roles/logging.logWriter",
      "build roles/storage.objectViewer",
    ])
    error_message = "There are other grants on the project than agreed."
  }

  assert {
    condition     = alltrue([for key, grant in google_project_iam_member.this : grant.member == google_service_account.this[local.project_grants[key].account].member])
    error_message = "A grant on the project is somebody else's."
  }

  assert {
    condition     = [for grant in google_project_iam_member.this : one(grant.condition).expression if grant.role == "roles/datastore.user"] == [for _ in range(2) : "resource.name == \"projects/demo-project/databases/envybox\""]
    error_message = "datastore.user must be for the one database."
  }

  assert {
    condition     = toset([for grant in google_cloud_run_v2_service_iam_member.webhook : "${grant.name} ${grant.role} ${grant.member}"]) == toset(["envybox-webhook roles/run.invoker allUsers"])
    error_message = "Anybody, and nobody else by name, must be able to call webhook."
  }

  assert {
    condition = toset([for grant in google_cloud_run_v2_service_iam_member.recover : "${grant.name} ${grant.role} ${grant.member}"]) == toset([
      "envybox-recover roles/run.invoker ${google_service_account.this["scheduler"].member}",
      "envybox-recover roles/run.invoker ${google_service_account.this["spool"].member}",
    ])
    error_message = "The scheduler and the spool's pushes alone may call recover."
  }

  assert {
    condition = toset([for grant in google_pubsub_topic_iam_member.publisher : "${grant.topic} ${grant.member}"]) == toset(concat(
      [for topic in google_pubsub_topic.type : "${topic.name} ${google_service_account.this["webhook"].member}"],
      [for topic in google_pubsub_topic.type : "${topic.name} ${google_service_account.this["recover"].member}"],
      ["envybox-spool ${google_service_account.this["webhook"].member}", "envybox-spool-dead ${google_service_account.this["recover"].member}"],
    ))
    error_message = "webhook must publish to the types' topics and the spool, recover to the types' topics and the dead letters, and nobody elsewhere."
  }

  assert {
    condition     = alltrue([for grant in google_pubsub_topic_iam_member.publisher : grant.role == "roles/pubsub.publisher"])
    error_message = "Publishers need no other role."
  }

  assert {
    condition = (
      google_secret_manager_secret_iam_member.webhook.secret_id == "envybox-keys" &&
      google_secret_manager_secret_iam_member.webhook.role == "roles/secretmanager.secretAccessor" &&
      google_secret_manager_secret_iam_member.webhook.member == google_service_account.this["webhook"].member
    )
    error_message = "webhook alone must read the one secret."
  }

  assert {
    condition = (
      google_pubsub_topic_iam_member.spool_dead.topic == "envybox-spool-dead" && google_pubsub_topic_iam_member.spool_dead.role == "roles/pubsub.publisher" &&
      google_pubsub_subscription_iam_member.spool.subscription == "envybox-spool" && google_pubsub_subscription_iam_member.spool.role == "roles/pubsub.subscriber" &&
      google_pubsub_topic_iam_member.spool_dead.member == google_project_service_identity.pubsub.member &&
      google_pubsub_subscription_iam_member.spool.member == google_project_service_identity.pubsub.member
    )
    error_message = "Without both grants Pub/Sub's account moves no dead letter."
  }

  assert {
    condition     = google_service_account_iam_member.spool_token.role == "roles/iam.serviceAccountTokenCreator" && google_service_account_iam_member.spool_token.service_account_id == google_service_account.this["spool"].name
    error_message = "Pub/Sub's account must sign tokens of the spool's account alone."
  }

  assert {
    condition     = time_sleep.pubsub_agent.create_duration == "30s" && time_sleep.pubsub_agent.triggers["member"] == google_project_service_identity.pubsub.member
    error_message = "Grants to Pub/Sub's account must wait until it is known."
  }

  assert {
    condition     = google_artifact_registry_repository_iam_member.build.role == "roles/artifactregistry.writer" && google_artifact_registry_repository_iam_member.build.repository == google_artifact_registry_repository.images.name && google_artifact_registry_repository_iam_member.build.member == google_service_account.this["build"].member
    error_message = "The build account must write to the one repository."
  }

  assert {
    condition     = length(google_service_account_iam_member.push_token) + length(google_pubsub_subscription_iam_member.dead) + length(google_pubsub_subscription_iam_member.consumer) + length(google_pubsub_topic_iam_member.dead) + length(google_bigquery_table_iam_member.pubsub) + length(google_storage_bucket_iam_member.pubsub) == 0
    error_message = "Without subscriptions there must be no grants for them."
  }
}

run "no_allUsers" {
  command = plan

  variables {
    webhook_invokers = []
    uptime_check     = "off"
  }

  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.webhook) == 0 && length(google_monitoring_uptime_check_config.webhook) == 0
    error_message = "Where allUsers is forbidden, nothing may need it."
  }

  assert {
    condition     = !contains(keys(google_monitoring_alert_policy.this), "unreachable")
    error_message = "Without an uptime check there is nothing to alert on."
  }
}

run "public_without_allUsers" {
  command = plan

  variables {
    invoker_iam_check = false
  }

  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.webhook) == 0 && length(google_monitoring_uptime_check_config.webhook) == 1 && contains(keys(google_monitoring_alert_policy.this), "unreachable")
    error_message = "A URL that is public without a grant must be watched as one that is by a grant."
  }

  assert {
    condition     = output.public_command == "gcloud run services update envybox-webhook --no-invoker-iam-check --region=europe-west1 --project=demo-project"
    error_message = "The outputs must tell how the check is switched off."
  }
}

run "uptime_check_without_allUsers" {
  command = plan

  variables {
    webhook_invokers = ["serviceAccount:gateway@demo-project.iam.gserviceaccount.com"]
  }

  expect_failures = [google_monitoring_uptime_check_config.webhook]
}
