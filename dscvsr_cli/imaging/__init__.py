"""Pictures as arithmetic: resampling, luma, and measures of quality."""
