"""Instances as features see them: their class, and what of them is in the picture."""
