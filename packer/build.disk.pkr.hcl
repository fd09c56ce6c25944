# The same scripts over ssh. /run is a tmpfs, too small for packages: the input lies on the disk for as
# long as the scripts run.
build {
  sources = ["source.qemu.disk"]

  provisioner "file" {
    source      = var.qemu_input
    destination = "/var/tmp/bake.tar"
  }

  provisioner "shell" {
    inline = [
      "mkdir /var/lib/bake",
      "tar -x -f /var/tmp/bake.tar -C /var/lib/bake",
      "rm /var/tmp/bake.tar",
      "ln -s /var/lib/bake /run/bake",
    ]
    inline_shebang = "/bin/sh -ex"
  }

  provisioner "shell" {
    scripts         = var.scripts
    execute_command = "env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive /bin/sh -x {{.Path}}"
  }

  provisioner "shell" {
    inline         = ["rm -rf /var/lib/bake /run/bake"]
    inline_shebang = "/bin/sh -ex"
  }
}
