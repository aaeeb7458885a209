"""Frames in, frames out: windows, scenes, tiles; knows no files and no particular network."""
