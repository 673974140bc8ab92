"""What is between two snapshots."""
