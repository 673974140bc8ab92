"""Projects become snapshots: definition, plan, shards, manifest; verified, compared, read with TensorFlow."""
