# SPDX-License-Identifier: Apache-2.0

# The alerts' texts: the sections of docs/runbook.md, each under its alert's title.

locals {
  # The page is written for people, in the names of the default settings. An alert's text has the real ones instead, so
  # that its commands can be pasted, and no link to a page of the project, which leads nowhere in a mail.
  runbook_page = replace(replace(replace(replace(replace(file("${path.module}/../docs/runbook.md"),
    "/\\bPROJECT\\b/", var.project),
    "/\\bREGION\\b/", var.region),
    "/\\benvybox-(webhook|recover|scheduler|keys)\\b/", "${var.name}-$1"),
    "/\\benvybox-(spool|NAME)\\b/", "${local.prefix}$1"),
  "/\\[([^]]+)\\]\\([^)]*\\.md[^)]*\\)/", "$1")

  runbook_sections = [for section in split("\n## ", local.runbook_page) : split("\n", section)]

  # title => text below the heading
  runbook = {
    for lines in slice(local.runbook_sections, 1, length(local.runbook_sections)) :
    lines[0] => trimspace(join("\n", slice(lines, 1, length(lines))))
  }
}
