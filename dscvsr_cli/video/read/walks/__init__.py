"""Walks: follow a container's own structure from one packet to another, to see if data was skipped.

libav passes over what it cannot read without an error, and goes on at the next place that makes
sense. ``walk`` chooses the walk for a file; the other modules hold one container each.
"""
