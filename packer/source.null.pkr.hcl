# No machine at all: the layer's tree lies on this host, and the provisioner enters it.
source "null" "tree" {
  communicator = "none"
}
