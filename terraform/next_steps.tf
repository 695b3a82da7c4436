# SPDX-License-Identifier: Apache-2.0

# What to do after an apply, in plain words, and the commands for it.

locals {
  webhook_url = google_cloudfunctions2_function.this["webhook"].service_config[0].uri

  add_key_command  = "read -rs KEYS && printf %s \"$KEYS\" | gcloud secrets versions add ${google_secret_manager_secret.keys.secret_id} --project=${var.project} --data-file=-"
  read_key_command = "gcloud logging read 'resource.labels.service_name=\"${var.name}-webhook\" jsonPayload.message:\"pairing\"' --project=${var.project} --freshness=1h --limit=1 --format='value(jsonPayload.message)'"

  # Joined to a list with numbers. What an entry needs of lines is indented by hand.
  steps = compact([
    local.public_command == null ? "" : "Switch off Cloud Run's check of callers, now and after each apply that changes the function:\n     ${local.public_command}",
    <<-EOT
    Send a test webhook: run the line below, paste an accepted key without its label and press Enter. It
       must answer "published". ${length(local.subscriptions) > 0 ? "It reaches your subscriptions, as a lead of yours: a connected CRM will call it." : "Nobody is subscribed, so it reaches no CRM."} (No key yet? Go on.)
         read -rs KEY && printf %s "$KEY" | curl ${local.webhook_url} -d webhooktype=1 -d phone=79000000000 --data-urlencode key@-
    EOT
    ,
    <<-EOT
    In Envybox open the widget → Settings → Integrations → webhook notifications, tick the events, and
       paste this address:
         ${local.webhook_url}
    EOT
    ,
    var.pairing ? <<-EOT
    Read the key that Envybox sends. Pairing is on: leave a lead on your site (it is refused this once: enter
       it by hand), wait a minute, and run
         ${local.read_key_command}
    EOT
    : "Do you not know the key that Envybox sends? Set pairing = true and apply; this list then says how to read it.",
    <<-EOT
    Set the key. Run the line below, paste label=key and press Enter; it works within two minutes, without a
       deployment. All accepted keys go in at once, separated by commas, and replace those before.
         ${local.add_key_command}
    EOT
    ,
    var.pairing ? "Turn pairing off: it writes keys into the log. Set pairing = false and apply (some minutes: the function is built anew)." : "",
    "Watch what comes in:\n     https://console.cloud.google.com/monitoring/dashboards?project=${var.project}",
    "Subscribe to topics, ${local.prefix}call-result for example: by `subscriptions`, or from your own configuration\n   by the output `topics`.",
    length(local.notification_channels) == 0 ? "Nobody is told of alerts, which are seen in the console alone: set `alert_emails`." : "Alerts go to ${length(local.notification_channels)} notification channel(s).",
  ])

  next_steps = join("\n", [for index, step in local.steps : "${index + 1}. ${trimspace(step)}"])
}
