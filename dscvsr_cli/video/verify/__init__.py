"""Verification: what of a source is still there in a file that was made from it.

Begin with ``compare_files`` (the whole comparison).
``compare_frames`` compares frames, times, size and colours, ``compare_streams`` everything beside
them with the help of ``packet_digests``; ``findings`` is what they return.
"""
