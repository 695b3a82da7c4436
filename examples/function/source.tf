# The archive that the function is built from: its folder's code, and the subscribers' side of the package beside it.
# Nothing needs to be installed from anywhere: `import envybox` finds the folder.

locals {
  root = "${path.module}/../.."

  own    = [for file in fileset(var.folder, "{*.py,requirements.txt}") : file if !startswith(file, "test_")]
  shared = setunion(fileset(local.root, "envybox/{*.py,types.json}"), fileset(local.root, "envybox/subscriber/**/*.py"))

  files = merge(
    { for file in local.own : file => "${var.folder}/${file}" },
    { for file in local.shared : file => "${local.root}/${file}" },
  )

  # Of the files' names and contents, not of the zip: the same on every system and with every zip library.
  hash = substr(sha256(join("\n", [for name, file in local.files : "${name} ${filesha256(file)}"])), 0, 16)
}

data "archive_file" "source" {
  type             = "zip"
  output_path      = "${path.module}/.build/${var.project}-${local.full_name}.zip"
  output_file_mode = "0644" # else the mode is the checkout's, and the zip differs from system to system

  dynamic "source" {
    for_each = local.files

    content {
      filename = source.key
      content  = file(source.value)
    }
  }
}

resource "google_storage_bucket_object" "source" {
  # The hash is in the name: a change of code is a new object, and so a new deployment.
  name   = "${var.name}-${local.hash}.zip"
  bucket = "${var.project}-${var.receiver}-source"
  source = data.archive_file.source.output_path
}
