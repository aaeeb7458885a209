"""``dscvsr weights``: begin with ``command``.

``command`` lists, fetches, checks and describes weights. ``calibrate`` finds the ranges that int8
needs. ``release`` exports weights from a training run, converts those of BasicVSR, and pushes them
to the Hub.
"""
