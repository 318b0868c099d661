"""Commands, one file each; each makes one domain call."""
