# SPDX-License-Identifier: Apache-2.0

# Leads go to a CRM's address, and to a bot that pulls them; alerts go by e-mail. The keys are given here, and are not
# stored in the state: terraform apply -var project=my-project-123 (it asks for the keys, and takes
# TF_VAR_envybox_keys too).

variable "project" {
  type = string
}

variable "envybox_keys" {
  description = "label=key, several separated by commas"
  type        = string
  ephemeral   = true
  sensitive   = true
}

resource "google_monitoring_notification_channel" "operator" {
  project      = var.project
  display_name = "Envybox operator"
  type         = "email"
  labels       = { email_address = "operator@example.com" }
}

module "envybox" {
  source = "../.."

  project               = var.project
  region                = "europe-west1"
  keys                  = var.envybox_keys
  keys_version          = 1 # raise it when the keys change
  retention_days        = 365
  notification_channels = [google_monitoring_notification_channel.operator.name]

  # Envybox and most CRMs are in no hurry at night, so a day without a webhook is what is odd.
  alerts = { no_traffic_hours = 24 }

  # No cold start: the first visitor of the morning is a lead too.
  webhook = { min_instances = 1 }

  subscriptions = {
    # Finished calls and leads, pushed with a signed token; repeats are told by the attribute event_id.
    crm = {
      types = ["call.result", "chat.offline", "lead.generator", "lead.quiz"]
      push  = { url = "https://crm.example.com/envybox" }
    }

    # The same event as the request's plain body, for a receiver that knows nothing of Pub/Sub.
    analytics = {
      types = ["call.info"]
      push  = { url = "https://analytics.example.com/hook", wrapped = false, authenticated = false }

      filter = "attributes.call_state = \"answered\""
    }

    # Read by a program of one's own, in the order of each call's events.
    bot = {
      types    = ["call.started", "call.info", "call.result"]
      pull     = { consumers = ["serviceAccount:bot@${var.project}.iam.gserviceaccount.com"] }
      ordering = true
    }
  }
}

output "webhook_url" {
  value = module.envybox.webhook_url
}

output "push_service_account" {
  value = module.envybox.push_service_account
}
