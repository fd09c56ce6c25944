"""Stand-in of Astakos: identity, quota, registration of components."""
