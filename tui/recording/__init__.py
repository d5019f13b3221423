"""Recordings of a venue's frames: the file format, the player, and what they tell at any moment."""
