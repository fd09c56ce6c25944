# The version of the package, which that of the helper must be.
SNF_IMAGE_VERSION="0.18.1"
