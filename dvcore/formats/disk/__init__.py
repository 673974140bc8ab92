"""What lies on the disk: folders that are walked, files that are looked at and read in one state, which of them belong
together, and what is remembered of them.
"""
