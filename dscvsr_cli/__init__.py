"""dscvsr: enlarge any video by any factor with a learned, temporally aware network."""

__version__ = "0.1.0"
