"""A site's secrets, its certificates, and the key that signs what this checkout makes."""
