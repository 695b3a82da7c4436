# SPDX-License-Identifier: Apache-2.0

# The key: given by variable, or left to gcloud. What was written cannot be read back here: it is write-only.

mock_provider "google" {}
mock_provider "google-beta" {}
mock_provider "time" {}

variables {
  project = "demo-project"

  # `terraform test` cannot apply with an ephemeral variable that is left at its default.
  keys = ""
}

run "first_apply_without_a_key" {
  command = apply

  assert {
    # Cloud Run deploys no function whose secret has no version.
    condition     = google_secret_manager_secret_version.keys.secret == google_secret_manager_secret.keys.id && tostring(google_secret_manager_secret_version.keys.secret_data_wo_version) == "1"
    error_message = "There must be a first version even without a key."
  }

  assert {
    condition     = google_secret_manager_secret_version.keys.deletion_policy == "ABANDON" && google_secret_manager_secret_version.keys.project == "demo-project"
    error_message = "A raised keys_version must leave the old version enabled until the new one is there."
  }

  assert {
    condition     = google_secret_manager_secret_version.keys.secret_data_wo == null && google_secret_manager_secret_version.keys.secret_data == null
    error_message = "The state must not hold the key."
  }

  assert {
    condition = (
      google_cloudfunctions2_function.this["webhook"].service_config[0].secret_volumes[0].secret == "envybox-keys" &&
      google_cloudfunctions2_function.this["webhook"].service_config[0].secret_volumes[0].versions[0].version == "latest" &&
      google_cloudfunctions2_function.this["webhook"].service_config[0].environment_variables["ENVYBOX_KEYS_FILE"] == "${google_cloudfunctions2_function.this["webhook"].service_config[0].secret_volumes[0].mount_path}/${google_cloudfunctions2_function.this["webhook"].service_config[0].secret_volumes[0].versions[0].path}"
    )
    error_message = "The code must find the file where it is mounted, in its latest version."
  }
}

run "with_keys" {
  command = apply

  variables {
    keys         = "shop=00000000000000000000000000000000, 11111111111111111111111111111111"
    keys_version = 2
  }

  assert {
    condition     = tostring(google_secret_manager_secret_version.keys.secret_data_wo_version) == "2" && google_secret_manager_secret_version.keys.secret_data_wo == null
    error_message = "A raised version must replace the secret's value, and leave no trace."
  }
}
