"""Texts that strangers wrote, taken apart without trusting them, and texts as strangers read them.

Nothing here knows of files or images.
"""
