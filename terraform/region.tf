# SPDX-License-Identifier: Apache-2.0

# The region, as the first apply knew it.

resource "terraform_data" "region" {
  input = var.region

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition     = self.output == var.region
      error_message = "region was ${self.output} at the first apply and cannot be changed to ${var.region}: functions, keys, buckets and undelivered messages would be deleted there, and webhooks lost. Set it back. To move, make a second receiver under another name (terraform/README.md, \"Changing and removing\")."
    }
  }
}

check "region" {
  assert {
    # https://cloud.google.com/build/docs/locations, as of August 2025. A warning, as Google adds regions.
    condition = contains([
      "africa-south1", "asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3", "asia-south1",
      "asia-south2", "asia-southeast1", "asia-southeast2", "australia-southeast1", "australia-southeast2", "europe-central2",
      "europe-north1", "europe-southwest1", "europe-west1", "europe-west10", "europe-west12", "europe-west2", "europe-west3",
      "europe-west4", "europe-west6", "europe-west8", "europe-west9", "me-central1", "me-central2", "me-west1",
      "northamerica-northeast1", "northamerica-northeast2", "southamerica-east1", "southamerica-west1", "us-central1",
      "us-east1", "us-east4", "us-east5", "us-south1", "us-west1", "us-west2", "us-west3", "us-west4",
    ], var.region)
    error_message = "Cloud Build is not known to serve ${var.region}, and the functions are built there. If the build is refused, take a region of https://cloud.google.com/build/docs/locations: europe-west1 serves every project."
  }
}
