# SPDX-License-Identifier: Apache-2.0

# What the other files share. One concern a file: services (APIs), region, accounts, source (the archive), functions, public,
# key, kms, database, topics, spool, scheduler, subscriptions*, metrics, alerts, notify, watch_keys, runbook, dashboard,
# uptime, budget.

locals {
  # The one types' table, read by the code too.
  types  = jsondecode(file("${path.module}/../envybox/types.json"))
  prefix = coalesce(var.topic_prefix, "${var.name}-")

  # type => topic's name; the code makes the same name of the same two parts.
  topic_names = { for row in local.types : row.type => "${local.prefix}${replace(row.type, ".", "-")}" }

  spool_topic      = "${local.prefix}spool"
  spool_dead_topic = "${local.prefix}spool-dead"

  database = coalesce(var.database.name, var.name)
  labels   = merge({ app = var.name }, var.labels)

  # Grants work a minute or so after they are made (time_sleep in the files that need it).
  grant_wait = "90s"
}
