"""Our own tables: what they are at each version, and the way from one version to the next."""
