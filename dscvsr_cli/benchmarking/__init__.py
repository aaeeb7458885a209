"""Measuring upscalers: protocols, scores, cost, and how they are written down and compared."""
