# SPDX-License-Identifier: Apache-2.0

# One dashboard that a person would look at. Tiles are laid out three in a row, in the order of the list. A query's key
# is its legend, in which Cloud Monitoring fills in ${label}.

locals {
  tiles = [
    {
      title   = "Answers by status code"
      kind    = "STACKED_BAR"
      queries = { "$${response_code}" = "sum by (response_code) (increase(run_googleapis_com:request_count{${local.of_service.webhook}}[5m]))" }
    },
    {
      title   = "What became of webhooks"
      kind    = "STACKED_BAR"
      queries = { "$${status}" = "sum by (status) (increase(${local.metric.webhooks}{${local.of_log},status!=\"ok\"}[5m]))" } # ok: a GET, as of the uptime check
    },
    {
      title   = "Accepted events by type"
      kind    = "STACKED_BAR"
      queries = { "$${type}" = "sum by (type) (increase(${local.metric.webhooks}{${local.of_accepted}}[5m]))" }
    },
    {
      title   = "Pending: stored, not yet published"
      kind    = "LINE"
      queries = { "events" = "sum(increase(${local.metric.pending}_sum{${local.of_log}}[${local.recover_window}])) / sum(increase(${local.metric.pending}_count{${local.of_log}}[${local.recover_window}]))" }
    },
    {
      title   = "Oldest pending event, seconds"
      kind    = "LINE"
      queries = { "seconds" = "sum(increase(${local.metric.oldest_pending}_sum{${local.of_log}}[${local.recover_window}])) / sum(increase(${local.metric.oldest_pending}_count{${local.of_log}}[${local.recover_window}]))" }
    },
    {
      title   = "Runs of recover"
      kind    = "STACKED_BAR"
      queries = { "$${status}" = "sum by (status) (increase(${local.metric.recoveries}{${local.of_log}}[5m]))" }
    },
    {
      title = "Spool and dead letters, messages"
      kind  = "LINE"
      queries = {
        "spool"               = "sum(pubsub_googleapis_com:subscription_num_undelivered_messages{${local.of_spool}})"
        "$${subscription_id}" = "sum by (subscription_id) (pubsub_googleapis_com:subscription_num_undelivered_messages{${local.of_dead}})"
      }
    },
    {
      title = "Time in the spool, seconds"
      kind  = "LINE"
      queries = {
        "oldest in it"    = "max(pubsub_googleapis_com:subscription_oldest_unacked_message_age{${local.of_spool}})"
        "mean of drained" = "sum(increase(${local.metric.spool_age}_sum{${local.of_log}}[5m])) / sum(increase(${local.metric.spool_age}_count{${local.of_log}}[5m]))"
      }
    },
    {
      title   = "Subscriptions' backlog, messages"
      kind    = "LINE"
      queries = { "$${subscription_id}" = "sum by (subscription_id) (pubsub_googleapis_com:subscription_num_undelivered_messages{${local.of_consumers}})" }
    },
    {
      title   = "Subscriptions' oldest message, seconds"
      kind    = "LINE"
      queries = { "$${subscription_id}" = "max by (subscription_id) (pubsub_googleapis_com:subscription_oldest_unacked_message_age{${local.of_consumers}})" }
    },
    {
      title = "Latency of the webhook, ms"
      kind  = "LINE"
      queries = {
        for percent in [50, 95, 99] :
        "p${percent}" => "1000 * histogram_quantile(${percent / 100}, sum by (le) (increase(${local.metric.latency}_bucket{${local.of_log}}[5m])))"
      }
    },
    {
      title = "Instances"
      kind  = "LINE"
      queries = {
        for name in keys(local.functions) :
        name => "sum(max_over_time(run_googleapis_com:container_instance_count{${local.of_service[name]}}[5m]))"
      }
    },
  ]

  tile_width  = 16 # of 48 columns
  tile_height = 14
}

resource "google_monitoring_dashboard" "this" {
  project = local.project

  dashboard_json = jsonencode({
    displayName = "${var.name}: webhooks"

    mosaicLayout = {
      columns = 48
      tiles = concat(
        [
          for index, tile in local.tiles : merge(
            # No zeros: the API leaves them out, and each plan would put them back.
            index % 3 > 0 ? tomap({ xPos = index % 3 * local.tile_width }) : tomap({}),
            index >= 3 ? tomap({ yPos = floor(index / 3) * local.tile_height }) : tomap({}),
            {
              width  = local.tile_width
              height = local.tile_height
              widget = {
                title = tile.title
                xyChart = {
                  dataSets = [
                    for legend, query in tile.queries : {
                      plotType       = tile.kind
                      legendTemplate = legend
                      timeSeriesQuery = {
                        prometheusQuery = query
                      }
                    }
                  ]
                }
              }
            }
          )
        ],
        [
          {
            yPos   = ceil(length(local.tiles) / 3) * local.tile_height
            width  = 48
            height = 20
            widget = {
              title = "Warnings and errors"
              logsPanel = {
                resourceNames = ["projects/${var.project}"]
                filter        = "resource.type=\"cloud_run_revision\"\nresource.labels.service_name=(\"${var.name}-webhook\" OR \"${var.name}-recover\")\nseverity>=WARNING"
              }
            }
          }
        ],
      )
    }
  })
}
