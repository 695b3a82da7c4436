# SPDX-License-Identifier: Apache-2.0

# Every event goes to BigQuery, and to files in Cloud Storage as an archive.

variable "project" {
  type = string
}

module "envybox" {
  source = "../.."

  project        = var.project
  retention_days = 90 # Firestore keeps what is recent, the warehouse the rest

  # A new subscription can be wound back a week: gcloud pubsub subscriptions seek.
  topic_retention = "604800s"

  subscriptions = {
    # SELECT page_site, COUNT(*) FROM envybox.events WHERE type = "call.result" GROUP BY 1
    warehouse = {
      types    = ["*"]
      bigquery = { dataset = "envybox", table = "events", expire_days = 1095 }
    }

    archive = {
      types         = ["*"]
      cloud_storage = { format = "avro", expire_days = 1095 }
    }
  }
}

output "subscriptions" {
  value = module.envybox.subscriptions
}
