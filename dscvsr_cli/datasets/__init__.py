"""Folders and files as clips, and how they are degraded."""
