"""Segments: the frames of an output encoded in pieces, so that a killed run loses one at most.

Begin with ``segment`` (encode one piece), then ``join`` (mux all of them into the output).
``packet_file`` is the format in which encoded packets wait.
"""
