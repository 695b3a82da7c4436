# SPDX-License-Identifier: Apache-2.0

# The accepted keys. The rules are those of envybox/receiver/keys/entries.py, and a test holds the two against each other: what the code
# refuses keeps the functions from starting. No message may repeat the value.

locals {
  # An entry: what stands between commas and white space, as Python understands it (Unicode's too).
  keys_entry = "[^\\s,\\v\\x1c-\\x1f\\x85\\p{Z}]+"
}

variable "keys" {
  description = "The accepted keys, `label=key` or `key`, separated by commas or white space. Never stored in the state. Empty: add them with the command that the outputs give."
  type        = string
  default     = ""
  nullable    = false
  ephemeral   = true
  sensitive   = true

  validation {
    condition = alltrue([
      for entry in regexall(local.keys_entry, var.keys) : can(regex("^([^=/]{1,64}=)?[0-9A-Za-z_-]{16,128}$", entry))
    ])
    error_message = "keys must be label=key or key, separated by commas or white space; a key is 32 lower-case hex digits."
  }

  validation {
    condition = !anytrue([
      for entry in regexall(local.keys_entry, var.keys) : can(regex("(^|=)[0-9A-Fa-f]*[A-F][0-9A-Fa-f]*$", entry)) && can(regex("(^|=)[0-9A-Fa-f]{32}$", entry))
    ])
    error_message = "keys must not have capitals in a key of 32 hex digits: Envybox sends lower case."
  }

  validation {
    # A label is every event's account.
    condition     = alltrue([for entry in regexall(local.keys_entry, var.keys) : !can(regex("^[0-9A-Fa-f]{32}=", entry))])
    error_message = "keys must not have a key as a label: put a comma between keys."
  }

  validation {
    # A key without a label has the label default.
    condition = length(distinct([for entry in regexall(local.keys_entry, var.keys) : strcontains(entry, "=") ? entry : "default=${entry}"])) == length(distinct([
      for entry in regexall(local.keys_entry, var.keys) : regex("[^=]*$", entry)
    ]))
    error_message = "keys must not give one key two labels."
  }

  validation {
    condition     = var.keys == "" || length(regexall(local.keys_entry, var.keys)) > 0
    error_message = "keys must hold at least one key. Leave it out to add the keys with gcloud."
  }
}

variable "keys_version" {
  description = "Raise it by one when `keys` changes: Terraform does not see a change of what it does not store. From 2 on each plan needs `keys`. Never lower it."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.keys_version >= 1 && floor(var.keys_version) == var.keys_version
    error_message = "keys_version must be a whole number, 1 or more."
  }

  validation {
    # Else a raised number would replace the keys in use by "no key", and every webhook would get a 503.
    condition     = var.keys_version == 1 || var.keys != ""
    error_message = "keys_version above 1 needs keys: without them the keys in use would be replaced by none. Set TF_VAR_keys for each plan and apply, also where the keys have not changed."
  }
}

variable "pairing" {
  description = "Logs the key of a well-formed webhook that was refused, for an operator who does not know it. Turn it off afterwards. Switching it deploys the function, as every setting does."
  type        = bool
  default     = false
  nullable    = false
}

variable "keys_delete_protection" {
  description = "Whether Terraform refuses to delete the secret with the keys. Set it to `false` and apply before `terraform destroy`."
  type        = bool
  default     = true
  nullable    = false
}

variable "watch_keys" {
  description = "Whether reads of the keys by others than `webhook` raise an alert. Turns on the project's audit log of reads in Secret Manager, in place of what is set there."
  type        = bool
  default     = false
  nullable    = false
}
