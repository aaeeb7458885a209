"""Inputs: files, image sequences and pipes, probed and decoded.

Begin with ``reader`` (frames, one after the other), then ``probe`` (what an input is).
``open_input`` opens files and pipes, ``decoder`` and ``seek`` decode them, ``interlacing`` makes
fields whole, ``image_sequence`` and ``picture_reader`` read single pictures, ``measured_rate``
finds out whether the frame rate is constant. ``missing_frames``, ``skipped_data`` and
``stated_end`` notice what a damaged file has lost, ``skipped_data`` with the help of ``walks``.
"""
