"""Snapshots as training and exporters read them."""
