"""What a source states, in neutral values that no format has left a mark on, and what one format or another has of it:
attributes, variables, splits, fractions, drawn masks.

Nothing here is read from the disk.
"""
