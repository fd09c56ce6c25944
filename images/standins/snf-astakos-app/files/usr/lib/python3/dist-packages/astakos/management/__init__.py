"""snf-manage commands of Astakos."""
