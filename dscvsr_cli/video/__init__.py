"""Video files in and out: the only room that imports av."""
