# SPDX-License-Identifier: Apache-2.0

# What everything is named by and encrypted with, as the first apply knew it.

resource "terraform_data" "names" {
  input = jsonencode([var.name, coalesce(var.topic_prefix, "${var.name}-"), coalesce(var.kms_key, "no kms_key")])

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition     = self.output == jsonencode([var.name, coalesce(var.topic_prefix, "${var.name}-"), coalesce(var.kms_key, "no kms_key")])
      error_message = "name, topic_prefix and kms_key were ${self.output} at the first apply and cannot be changed: functions, topics and undelivered messages, the spool's too, would be deleted before what is protected stops it, and webhooks lost. Set them back. To move, make a second receiver under another name (terraform/README.md, \"Changing and removing\")."
    }
  }
}
