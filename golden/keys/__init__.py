"""Secrets of a site, its certificates, and the key that signs what this checkout makes."""
