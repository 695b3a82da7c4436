# SPDX-License-Identifier: Apache-2.0

terraform {
  # 1.11: write-only arguments, by which a key reaches Secret Manager without a trace in the state.
  required_version = ">= 1.11"

  # No provider block: a module that has one cannot be used with count, for_each or depends_on.
  # Every resource names its project and region instead. Tested with google 7.46.1 and 8.7.0.
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.35, < 9.0"
    }
    # For one resource alone, which google lacks: google_project_service_identity (services.tf).
    google-beta = {
      source  = "hashicorp/google-beta"
      version = ">= 7.35, < 9.0"
    }
    archive = {
      source  = "hashicorp/archive"
      version = ">= 2.5, < 3.0"
    }
    time = {
      source  = "hashicorp/time"
      version = ">= 0.12, < 1.0"
    }
  }
}
